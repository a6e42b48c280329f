package app

import (
	"bufio"
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"

	"github.com/yinxin-gov/yinxin/internal/audit/auditdb"
)

// exported is a line of the export. The event stands as it was chained, so that anybody can compute the links anew:
// link = SM3("yinxin-audit-v1/LANE/NUMBER" and the octets of the link before and of the event, each with its length).
type exported struct {
	Lane   int             `json:"lane"`
	Number int64           `json:"number"`
	Link   string          `json:"link"` // lower-case hex
	Event  json.RawMessage `json:"event"`
}

// ExportAudit writes every event as a line of JSON, lane by lane in the order of the chains, also while servers run.
func ExportAudit(ctx context.Context, cfg Config, out io.Writer) (int64, error) {
	db, err := openDatabase(ctx, cfg)
	if err != nil {
		return 0, err
	}
	defer db.Close()
	var count int64
	buffered := bufio.NewWriter(out)
	err = auditdb.Each(ctx, db.Read(), func(s auditdb.Stored) error {
		line, err := json.Marshal(exported{s.Lane, s.Number, hex.EncodeToString(s.Link), s.Body})
		if err != nil {
			return fmt.Errorf("event %d of lane %d: %w", s.Number, s.Lane, err)
		}
		count++
		_, err = buffered.Write(append(line, '\n'))
		return err
	})
	if err != nil {
		return count, err
	}
	return count, buffered.Flush()
}
