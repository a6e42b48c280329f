package elicense

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"time"

	"github.com/yinxin-gov/yinxin/elicense/catalog"
	"github.com/yinxin-gov/yinxin/esign/verify"
)

// Channel is the way by which a verification was asked for.
type Channel string

// Channels. Verifications in a browser and by the command are not seen by the platform.
const (
	ChannelPage     Channel = "page"     // a file that was uploaded at the page
	ChannelAPI      Channel = "api"      // a file that was sent to the API
	ChannelNumber   Channel = "number"   // a number, at the page or the API
	ChannelCode     Channel = "code"     // a presentation code, scanned or sent
	ChannelList     Channel = "list"     // a row of a list
	ChannelExchange Channel = "exchange" // a file, by the sharing interface (GB/T 36906)
)

// Channels are all of them, in their order.
var Channels = []Channel{ChannelPage, ChannelAPI, ChannelNumber, ChannelCode, ChannelList, ChannelExchange}

// VerifiedKey is what is kept of verifications: they are counted under it, and none is on record by itself. Type and authority are of the licence as its
// identifier says, empty where it was not told.
type VerifiedKey struct {
	Day           int64 // of Beijing, YYYYMMDD
	Channel       Channel
	Verdict, Code string // verdict and V-code of a report
	TypeCode      string
	AuthorityCode string
}

// VerifiedCount is how many verifications have a key.
type VerifiedCount struct {
	VerifiedKey
	Area string // path of the area of the authority
	N    int64
}

const (
	// maxTallied bounds what a node counts by type and authority between two writes; the others are counted without. Files that name made-up licences
	// could fill the memory otherwise.
	maxTallied = 10_000
	// unreadable is the last day of a licence whose values cannot be read.
	unreadable = -2
	// keepVerifiedMonths is how long counts are kept: two years, each with the month of the year before.
	keepVerifiedMonths = 25
)

// tally counts verifications in memory until they are written.
type tally struct {
	mutex  sync.Mutex
	counts map[VerifiedKey]int64
}

func (t *tally) add(key VerifiedKey, n int64) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	if t.counts == nil {
		t.counts = map[VerifiedKey]int64{}
	}
	if _, there := t.counts[key]; !there && len(t.counts) >= maxTallied {
		key.TypeCode, key.AuthorityCode = "", ""
	}
	t.counts[key] += n
}

func (t *tally) take() map[VerifiedKey]int64 {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	counts := t.counts
	t.counts = nil
	return counts
}

// count counts a verification that was answered.
func (s *Service) count(channel Channel, r verify.Result) {
	key := VerifiedKey{Day: dayNumber(s.now()), Channel: channel, Verdict: string(r.Verdict), Code: r.Code}
	if r.License != nil {
		if id, _, err := catalog.ReadID(r.License.LicenseID); err == nil {
			key.TypeCode, key.AuthorityCode = id.TypeCode, id.IssuerCode
		}
	}
	s.verified.add(key, 1)
}

// dayNumber is the day of Beijing of a moment, YYYYMMDD.
func dayNumber(at time.Time) int64 {
	n, err := strconv.ParseInt(catalog.Day(at), 10, 64)
	if err != nil {
		panic(err) // digits
	}
	return n
}

// lastDay is the last day of validity, YYYYMMDD; 0 for a licence without an end.
func lastDay(values catalog.Values) int64 {
	end, ok := expiry(values)
	if !ok {
		return 0
	}
	return dayNumber(end)
}

// FlushVerified writes what was counted since the last time, and keeps it where that fails. What a file says of a type or an authority that are not
// known here is left out. Call it every few seconds and when no request is under way any more.
func (s *Service) FlushVerified(ctx context.Context) error {
	taken := s.verified.take()
	if len(taken) == 0 {
		return nil
	}
	merged := map[VerifiedKey]*VerifiedCount{}
	type place struct {
		known bool
		area  string
	}
	places := map[string]place{"": {}} // of authorities
	err := func() error {
		for key, n := range taken {
			if _, ok := s.Types().Find(key.TypeCode); !ok {
				key.TypeCode = ""
			}
			at, asked := places[key.AuthorityCode]
			if !asked {
				_, err := s.cfg.Store.FindAuthority(ctx, key.AuthorityCode)
				if at.known = err == nil; at.known {
					at.area, err = s.areaOf(ctx, key.AuthorityCode)
				}
				if err != nil && !errors.Is(err, ErrNotFound) {
					return err
				}
				places[key.AuthorityCode] = at
			}
			if !at.known {
				key.AuthorityCode = ""
			}
			if merged[key] == nil {
				merged[key] = &VerifiedCount{VerifiedKey: key, Area: at.area}
			}
			merged[key].N += n
		}
		counts := make([]VerifiedCount, 0, len(merged))
		for _, one := range merged {
			counts = append(counts, *one)
		}
		return s.cfg.Store.AddVerified(ctx, counts)
	}()
	if err != nil {
		for key, n := range taken {
			s.verified.add(key, n)
		}
	}
	return storeFault(err, "write counts of verifications")
}

// KeepFigures does what figures need: it reads the last days of licences that were entered before they were kept, and forgets counts of verifications
// that are old.
func (s *Service) KeepFigures(ctx context.Context) error {
	unread, err := s.cfg.Store.UnreadEnds(ctx, remindersAtOnce)
	if err != nil {
		return storeFault(err, "list licences without a last day")
	}
	var failures []error
	for _, l := range unread {
		values, err := s.values(ctx, l)
		ends := lastDay(values)
		if err != nil { // it stands in nobody's way
			failures, ends = append(failures, fmt.Errorf("last day of %s: %w", l.ID, err)), unreadable
		}
		failures = append(failures, storeFault(s.cfg.Store.SetEnds(ctx, l.ID, ends), "note last day"))
	}
	failures = append(failures, storeFault(s.cfg.Store.DropVerified(ctx, dayNumber(s.now().In(chinaTime).AddDate(0, -keepVerifiedMonths, 0))), "drop counts of verifications"))
	return errors.Join(failures...)
}
