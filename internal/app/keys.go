package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"text/tabwriter"
	"time"

	"github.com/yinxin-gov/yinxin/internal/reqctx"
	"github.com/yinxin-gov/yinxin/keys"
)

// KeyStatus is a key as `yinxin key status` shows it.
type KeyStatus struct {
	ID        string    `json:"id"`
	Usage     string    `json:"usage"`
	Algorithm string    `json:"algorithm"`
	Label     string    `json:"label,omitempty"`
	State     string    `json:"state"`
	Since     time.Time `json:"since"`
	// Next is the move that comes by itself, empty when none does.
	Next string `json:"next,omitempty"`
	// Due is when it comes.
	Due time.Time `json:"due,omitzero"`
}

// usages in the order in which they are shown.
var usages = []keys.Usage{keys.UsageToken, keys.UsageCA, keys.UsageSealMaker, keys.UsageSealSigner, keys.UsageStatusList, keys.UsagePresent,
	keys.UsageTrustList, keys.UsageTimeStamp, keys.UsageEvidence, keys.UsageCheckpoint, keys.UsageHolder, keys.UsageFieldCipher, keys.UsageLookup}

// ListKeys lists the keys of every purpose, newest first within each.
func ListKeys(ctx context.Context, cfg Config, log *slog.Logger) ([]KeyStatus, error) {
	a, err := New(ctx, cfg, Options{Log: log})
	if err != nil {
		return nil, err
	}
	defer a.Close()
	var list []KeyStatus
	for _, usage := range usages {
		all, err := a.ring.Provider().List(ctx, usage, "")
		if err != nil {
			return nil, err
		}
		for _, key := range all {
			list = append(list, keyStatus(key))
		}
	}
	return list, nil
}

func keyStatus(key keys.Info) KeyStatus {
	s := KeyStatus{ID: key.ID, Usage: string(key.Spec.Usage), Algorithm: string(key.Spec.Algorithm), Label: key.Spec.Label, State: string(key.State), Since: key.StateAt}
	if key.Spec.Usage != keys.UsageToken {
		return s
	}
	if to, at, ok := keys.TokenRotation.Due(key); ok {
		s.Next, s.Due = string(to), at
	}
	return s
}

// PrintKeys writes the list for people.
func PrintKeys(out io.Writer, list []KeyStatus) error {
	table := tabwriter.NewWriter(out, 0, 4, 2, ' ', 0)
	fmt.Fprintln(table, "KEY\tPURPOSE\tALGORITHM\tSTATE\tSINCE\tNEXT\tLABEL")
	for _, s := range list {
		next := "-"
		if s.Next != "" {
			next = s.Next + " " + s.Due.UTC().Format(time.RFC3339)
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", s.ID, s.Usage, s.Algorithm, s.State, s.Since.UTC().Format(time.RFC3339), next, s.Label)
	}
	return table.Flush()
}

// ErrKeyAlgorithm: no token key of this algorithm is in use.
var ErrKeyAlgorithm = errors.New("no token key of this algorithm; use SM2, P-256, RSA-2048 or RSA-2048-PSS")

// RotateKey prepares the next token key of an algorithm. With now it signs at once; compromised also destroys those before
// it. Running nodes follow within five seconds.
func RotateKey(ctx context.Context, cfg Config, algorithm string, now, compromised bool, log *slog.Logger) (KeyStatus, error) {
	spec := keys.Spec{Usage: keys.UsageToken, Algorithm: keys.Algorithm(algorithm)}
	switch spec.Algorithm {
	case keys.SM2, keys.P256, keys.RSA2048, keys.RSAPSS:
	default:
		return KeyStatus{}, ErrKeyAlgorithm
	}
	a, err := New(ctx, cfg, Options{Log: log})
	if err != nil {
		return KeyStatus{}, err
	}
	defer a.Close()
	ctx = reqctx.WithActor(ctx, reqctx.Actor{ID: "operator:command line"})
	var key keys.Info
	if compromised {
		key, err = a.ring.Compromised(ctx, spec)
	} else {
		key, err = a.ring.Rotate(ctx, spec, now)
	}
	return keyStatus(key), err
}
