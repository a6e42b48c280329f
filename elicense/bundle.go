package elicense

import (
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/yinxin-gov/yinxin/elicense/counterbundle"
	"github.com/yinxin-gov/yinxin/elicense/region"
	"github.com/yinxin-gov/yinxin/elicense/statuslist"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/keys"
	"github.com/yinxin-gov/yinxin/keys/signed"
)

// bundleTurn is how often a node makes the bundle for counters anew at most, so that who asks often costs nothing.
const bundleTurn = 5 * time.Minute

// bundleMemo keeps the bundle that this node made last. Making it is one at a time.
type bundleMemo struct {
	sync.Mutex
	made   []byte
	issued time.Time
}

// CounterBundle is what a counter carries to judge without a network for seven days: the files of TrustFiles as one signed file, made anew where the
// one of this node is five minutes old. Its number is the second in which it was made, so that it rises over all nodes. Files beyond
// counterbundle.MaxFiles are left out, other regions first and then the oldest blocks of status lists: what they speak of stays unknown.
func (s *Service) CounterBundle(ctx context.Context) ([]byte, error) {
	s.bundle.Lock()
	defer s.bundle.Unlock()
	now := s.now().UTC().Truncate(time.Second)
	if age := now.Sub(s.bundle.issued); s.bundle.made != nil && age >= 0 && age < bundleTurn {
		return s.bundle.made, nil
	}
	files, err := s.TrustFiles(ctx)
	if err != nil {
		return nil, err
	}
	_, chain, sign, err := s.serviceKey(ctx, keys.UsageTrustList)
	if err != nil {
		return nil, storeFault(err, "key of the bundle")
	}
	content := counterbundle.Content{URI: s.cfg.BaseURL + counterbundle.Path, Number: uint64(now.Unix()), Issued: now, GoodUntil: now.Add(counterbundle.Life), Publisher: s.cfg.Publisher, Files: fitting(files, counterbundle.MaxFiles)}
	made, err := content.Sign(chain, signed.SignFunc(sign))
	if err != nil {
		return nil, fault.Wrap(err, fault.Unavailable)
	}
	s.bundle.made, s.bundle.issued = made, now
	return made, nil
}

// fitting are the files for which there is room: first what every judgement needs, then status lists of licences, the newest block first, then other
// regions. They keep their order.
func fitting(files []TrustFile, room int) (fit []counterbundle.File) {
	turn := func(f TrustFile) int {
		switch {
		case region.IsVouched(f.Content):
			return 2
		case statuslist.Is(signed.KindList, f.Content):
			return 1
		}
		return 0
	}
	order := make([]int, len(files))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int {
		if of, other := turn(files[a]), turn(files[b]); of != other || of != 1 {
			return of - other
		}
		return b - a // blocks stand in the order of their numbers
	})
	kept := map[int]bool{}
	for _, i := range order {
		if len(files[i].Content) <= room {
			room -= len(files[i].Content)
			kept[i] = true
		}
	}
	for i, f := range files {
		if kept[i] {
			fit = append(fit, counterbundle.File{Name: strings.ReplaceAll(f.Name, "/", "-"), Content: f.Content})
		}
	}
	return fit
}
