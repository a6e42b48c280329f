package jose

import (
	"encoding/json"
	"fmt"

	"github.com/yinxin-gov/yinxin/internal/strictjson"
)

// object reads a JSON object and refuses what encoding/json lets pass, see [strictjson.Check].
func object(raw []byte) (map[string]json.RawMessage, error) {
	if err := strictjson.Check(raw); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	var members map[string]json.RawMessage
	if err := json.Unmarshal(raw, &members); err != nil || members == nil {
		return nil, fmt.Errorf("%w: not an object", ErrMalformed)
	}
	return members, nil
}
