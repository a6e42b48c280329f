package tokens

import (
	"context"
	"encoding/json"
	"strings"
	"sync"

	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/keys"
	"github.com/yinxin-gov/yinxin/keys/jose"
)

// keySets keeps the sets of public keys that were made of what the ring holds: reading and checking them anew for every
// token costs more than verifying it.
type keySets struct {
	mutex            sync.Mutex
	made             string // identifiers and states of the keys
	from             []keys.Info
	common, gm, both jose.KeySet
	documents        map[bool][]byte // as published; true for SM2
	verified         *verifiedTokens
}

// KeySet is the public keys for tokens: SM2 stands in a set of its own, because common clients refuse a whole set for
// one unknown curve.
func (s *Service) KeySet(ctx context.Context, gm bool) (jose.KeySet, error) {
	if err := s.makeSets(ctx); err != nil {
		return jose.KeySet{}, err
	}
	s.sets.mutex.Lock()
	defer s.sets.mutex.Unlock()
	if gm {
		return s.sets.gm, nil
	}
	return s.sets.common, nil
}

// KeyDocument is KeySet as it is published. The caller does not change it.
func (s *Service) KeyDocument(ctx context.Context, gm bool) ([]byte, error) {
	if err := s.makeSets(ctx); err != nil {
		return nil, err
	}
	s.sets.mutex.Lock()
	defer s.sets.mutex.Unlock()
	return s.sets.documents[gm], nil
}

// allKeys is both sets, to verify what we signed ourselves, and what these keys verified before.
func (s *Service) allKeys(ctx context.Context) (jose.KeySet, *verifiedTokens, error) {
	if err := s.makeSets(ctx); err != nil {
		return jose.KeySet{}, nil, err
	}
	s.sets.mutex.Lock()
	defer s.sets.mutex.Unlock()
	return s.sets.both, s.sets.verified, nil
}

// makeSets makes the sets again when the ring holds other keys than before.
func (s *Service) makeSets(ctx context.Context) error {
	infos, err := s.ring.Published(ctx, keys.UsageToken)
	if err != nil {
		return fault.Wrap(err, fault.Unavailable)
	}
	s.sets.mutex.Lock()
	defer s.sets.mutex.Unlock()
	if s.sets.made != "" && len(infos) > 0 && len(infos) == len(s.sets.from) && &infos[0] == &s.sets.from[0] {
		return nil // the ring has not read its keys again
	}
	var made strings.Builder
	for _, info := range infos {
		made.WriteString(info.ID + " " + string(info.State) + " ")
	}
	s.sets.from = infos
	if s.sets.made == made.String() {
		return nil
	}
	var common, gm []jose.Key
	for _, info := range infos {
		for algorithm, kind := range keyFor {
			if kind != info.Spec.Algorithm {
				continue
			}
			key := jose.Key{ID: info.ID, Algorithm: algorithm, Public: info.Public}
			if algorithm == jose.SM2SM3 {
				gm = append(gm, key)
			} else {
				common = append(common, key)
			}
		}
	}
	return s.sets.replace(made.String(), common, gm)
}

// replace makes the sets of other keys; what the keys before verified is forgotten.
func (k *keySets) replace(made string, common, gm []jose.Key) (err error) {
	k.made = ""
	if k.common, err = jose.NewKeySet(common...); err != nil {
		return err
	}
	if k.gm, err = jose.NewKeySet(gm...); err != nil {
		return err
	}
	if k.both, err = jose.NewKeySet(append(common, gm...)...); err != nil {
		return err
	}
	k.documents, k.verified = map[bool][]byte{}, newVerifiedTokens()
	for gm, set := range map[bool]jose.KeySet{false: k.common, true: k.gm} {
		if k.documents[gm], err = json.Marshal(set); err != nil {
			return err
		}
	}
	k.made = made
	return nil
}
