package elicense

import (
	"context"
	"errors"
	"strconv"
	"strings"
)

// TrustFile is one thing that an offline verifier needs.
type TrustFile struct {
	Name    string `json:"name"`
	Content []byte `json:"content"` // base64 in JSON
}

// maxTrustLists bounds the status lists that TrustFiles hands out, each of which takes a whole block of licences; the latest count.
const maxTrustLists = 32

// TrustFiles are what `yinxin verify --trust` reads: authorities, their revocation lists, the key bundle, signed packages of licence types, the packages of other regions with what was decided about them, the keys of the transparency log, and the published status lists and
// trust lists whole, so that whoever asks says nothing of what will be verified with them, and verifies as the platform does.
func (s *Service) TrustFiles(ctx context.Context) ([]TrustFile, error) {
	trust, err := s.cfg.Trust.Trust(ctx)
	if err != nil {
		return nil, storeFault(err, "gather trust")
	}
	var files []TrustFile
	for i, c := range trust.Roots.Certificates() {
		files = append(files, TrustFile{"root-" + strconv.Itoa(i+1) + ".pem", c.EncodePEM()})
	}
	for i, c := range trust.Intermediates.Certificates() {
		files = append(files, TrustFile{"issuing-" + strconv.Itoa(i+1) + ".pem", c.EncodePEM()})
	}
	for i, list := range trust.CRLs {
		files = append(files, TrustFile{"revoked-" + strconv.Itoa(i+1) + ".crl", list.Raw})
	}
	lists, err := s.cfg.Store.Lists(ctx)
	if err != nil {
		return nil, storeFault(err, "list status lists")
	}
	names := []string{NameDelta, NameKeys}
	for _, n := range lists[max(0, len(lists)-maxTrustLists):] {
		names = append(names, strconv.FormatUint(n, 10))
	}
	for _, v := range s.typeVersions() {
		names = append(names, TypeObject(v.Code, v.Version))
	}
	for _, name := range names {
		p, err := s.cfg.Store.FindPublished(ctx, name)
		if errors.Is(err, ErrNotFound) {
			continue // not published yet
		}
		if err != nil {
			return nil, storeFault(err, "find published list")
		}
		files = append(files, TrustFile{"status-" + name + ".cbor", p.Content})
	}
	log, err := s.LogKeys(ctx, LogMain)
	if err != nil {
		return nil, err
	}
	if len(log) > 0 {
		var lines strings.Builder
		for _, k := range log {
			lines.WriteString(k.String() + "\n")
		}
		files = append(files, TrustFile{"log-keys.txt", []byte(lines.String())})
	}
	regions, err := s.regionFiles(ctx)
	if err != nil {
		return nil, err
	}
	files = append(files, regions...)
	if s.cfg.Lists == nil {
		return files, nil
	}
	others, err := s.cfg.Lists(ctx)
	if err != nil {
		return nil, storeFault(err, "gather published lists")
	}
	return append(files, others...), nil
}
