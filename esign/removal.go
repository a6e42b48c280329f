package esign

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/internal/fault"
)

// DocumentRetention is how long the document of a request is kept after the request ended.
const DocumentRetention = 30 * 24 * time.Hour

// storing is far longer than anybody takes from putting a document until the row is stored that needs it.
const storing = time.Hour

// RemoveUseDocuments removes the documents of requests that ended long ago from the store, unless something else needs them. What is needed is asked
// for before the document goes, and the row tells of it afterwards: a process that dies in between leaves a request that the next round takes up again.
// Whoever puts the same document meanwhile and has not stored the row yet is seen by the time of the document, which then waits for another round.
func (s *Service) RemoveUseDocuments(ctx context.Context) (removed int, err error) {
	const batch = 100
	for {
		now := s.cfg.Now().UTC().Truncate(time.Microsecond)
		ended := now.Add(-DocumentRetention)
		all, err := s.cfg.Store.UsesKept(ctx, ended, batch)
		if err != nil {
			return removed, unavailable(err)
		}
		held, err := s.held(ctx, all, ended)
		if err != nil {
			return removed, unavailable(err)
		}
		before := removed
		for _, u := range all {
			if !slices.Contains(held, u.SourceSM3) {
				gone, err := s.cfg.Blobs.Remove(ctx, u.SourceSM3, now.Add(-storing))
				if err != nil {
					return removed, unavailable(fmt.Errorf("remove document: %w", err))
				}
				if !gone {
					continue
				}
			}
			u.RemovedAt = now
			record := audit.With(s.event(ctx, "seal.use.document_removed", "seal_use", u.ID, map[string]string{"seal": u.SealID, "source": u.SourceSM3}))
			err := s.cfg.Store.RemoveUseDocument(ctx, u, record)
			if errors.Is(err, ErrChanged) {
				continue
			}
			if err != nil {
				return removed, unavailable(err)
			}
			removed++
		}
		if len(all) < batch || removed == before {
			return removed, nil
		}
	}
}

// held are the documents of requests that something else needs.
func (s *Service) held(ctx context.Context, all []UseRequest, ended time.Time) ([]string, error) {
	if len(all) == 0 {
		return nil, nil
	}
	var addresses []string
	for _, u := range all {
		if !slices.Contains(addresses, u.SourceSM3) {
			addresses = append(addresses, u.SourceSM3)
		}
	}
	held, err := s.cfg.Store.DocumentsHeld(ctx, addresses, ended)
	if err != nil || s.cfg.Held == nil {
		return held, err
	}
	others, err := s.cfg.Held(ctx, addresses)
	return append(held, others...), err
}

// stampedBefore is what a key led to under a request whose document is removed. Nothing new comes of such a request.
func (s *Service) stampedBefore(ctx context.Context, u UseRequest, key string) (Stamp, []byte, error) {
	stamp, sealed, err := s.Result(ctx, u.SealID, key)
	if fault.CodeOf(err) == fault.NotFound || err == nil && stamp.Approval != u.ID {
		return Stamp{}, nil, fault.New(fault.SealUseState)
	}
	return stamp, sealed, err
}
