package app

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/yinxin-gov/yinxin/elicense"
	"github.com/yinxin-gov/yinxin/elicense/translog"
)

// TransparencyLog says how often the log of licences is signed, and who countersigns it.
type TransparencyLog struct {
	// CheckpointEvery is the least time between two checkpoints; 0 is 10 seconds.
	CheckpointEvery time.Duration `yaml:"checkpoint_every"`
	// Witnesses are asked to countersign each checkpoint.
	Witnesses []Witnessing `yaml:"witnesses"`
}

// Witnessing is a witness of the log (C2SP tlog-witness). Its address follows the rule for outbound calls (outbound.allowed).
type Witnessing struct {
	URL string `yaml:"url"`
	Key string `yaml:"key"` // as yinxin log witness --new-key prints it
	// Roots: it countersigns the SHA-256 tree of roots, and not the SM3 tree.
	Roots bool `yaml:"roots"`
}

// maxCheckpointEvery keeps a licence from waiting longer than a day for its proof.
const maxCheckpointEvery = 24 * time.Hour

func (l TransparencyLog) check(usable func(address string) error) (faults []string) {
	if l.CheckpointEvery < 0 || l.CheckpointEvery > maxCheckpointEvery {
		faults = append(faults, "log.checkpoint_every: must lie between 0 and 24h")
	}
	for i, w := range l.Witnesses {
		if err := usable(w.URL); err != nil {
			faults = append(faults, fmt.Sprintf("log.witnesses[%d].url: %v", i, err))
		}
		if k, err := translog.ParseKey(w.Key); err != nil || !k.Cosigns() {
			faults = append(faults, fmt.Sprintf("log.witnesses[%d].key: is no key of a witness, as yinxin log witness --new-key prints it", i))
		}
	}
	return faults
}

// witnesses are those of a configuration that was checked.
func (l TransparencyLog) witnesses() (list []elicense.LogWitness) {
	for _, w := range l.Witnesses {
		key, err := translog.ParseKey(w.Key)
		if err != nil {
			continue
		}
		tree := elicense.LogMain
		if w.Roots {
			tree = elicense.LogRoots
		}
		list = append(list, elicense.LogWitness{Tree: tree, URL: strings.TrimSuffix(w.URL, "/"), Key: key})
	}
	return list
}

// askWitness implements elicense.AskWitness.
func (a *App) askWitness(ctx context.Context, address string, request []byte) (answer []byte, other bool, err error) {
	reply, err := a.outbound.DoUpTo(ctx, translog.MaxNote, http.MethodPost, address, http.Header{"Content-Type": {"text/plain; charset=utf-8"}}, request)
	switch {
	case err != nil:
		return nil, false, err
	case reply.Status == http.StatusOK, reply.Status == http.StatusConflict:
		return reply.Body, reply.Status == http.StatusConflict, nil
	}
	return nil, false, fmt.Errorf("it answers %d", reply.Status)
}
