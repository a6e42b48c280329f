package idpdb

import (
	"context"
	"fmt"

	"github.com/yinxin-gov/yinxin/idp/proofing"
)

// FaceStore counts what is stored of faces: evidence that one was compared (result), and keyed hashes by which alerts count one (handle).
func (s *Store) FaceStore(ctx context.Context) (map[string]int64, error) {
	var results, handles int64
	err := s.db.Read().QueryRowContext(ctx, `SELECT (SELECT COUNT(*) FROM idp_proof WHERE method = 'face'), (SELECT COUNT(*) FROM idp_throttle WHERE scope = $1)`, proofing.ScopeFaces).Scan(&results, &handles)
	if err != nil {
		return nil, fmt.Errorf("count what is stored of faces: %w", err)
	}
	return map[string]int64{"result": results, "handle": handles}, nil
}
