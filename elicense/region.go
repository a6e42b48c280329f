package elicense

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/yinxin-gov/yinxin/elicense/presentation"
	"github.com/yinxin-gov/yinxin/elicense/region"
	"github.com/yinxin-gov/yinxin/elicense/statuslist"
	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/reqctx"
	"github.com/yinxin-gov/yinxin/keys"
	"github.com/yinxin-gov/yinxin/keys/signed"
)

// NameRegion is the published package by which others judge the licences of this platform.
const NameRegion = "region"

const (
	// regionLife is how old a package may be (license.md 11.4); it is replaced at half of it, and at every change of what is in it.
	regionLife = 7 * 24 * time.Hour
	// regionTurn is how often the package of another platform is asked for.
	regionTurn = 5 * time.Minute
	maxRegions = 64
)

// Region is another platform whose licences are judged here.
type Region struct {
	URI       string // address of its package
	Fetch     string // where the package is fetched; empty where it is brought as a file
	Root      string // fingerprint of the root that the operator confirmed
	Divisions []string
	Publisher string

	Number     uint64
	IssuedAt   time.Time
	NextUpdate time.Time
	TakenAt    time.Time // when the newest package was taken
	AskedAt    time.Time // when it was asked for last; zero for files
	Problem    string    // code of the fault of the last try; empty when it did not fail
	AddedAt    time.Time
}

// Regions keeps other platforms.
type Regions interface {
	// AddRegion adds one with its package; ErrStale when it is there, or was and had a higher number.
	AddRegion(ctx context.Context, r Region, content []byte, record audit.Record) error
	// Regions gives all that were not removed, in the order of their addresses.
	Regions(ctx context.Context) ([]Region, error)
	// RegionContent is the newest package; ErrNotFound.
	RegionContent(ctx context.Context, uri string) ([]byte, error)
	// RenewRegion puts a package with a higher number in the place of the one there; false when there is none that is older.
	RenewRegion(ctx context.Context, r Region, content []byte, record audit.Record) (bool, error)
	// AskRegion takes the turn to ask for the package where nobody did since before.
	AskRegion(ctx context.Context, uri string, before, now time.Time) (bool, error)
	// FailRegion notes why the last try failed.
	FailRegion(ctx context.Context, uri, problem string) error
	RemoveRegion(ctx context.Context, uri string, now time.Time, record audit.Record) (bool, error)
	// AuthoritiesIn gives the codes of the platform's own authorities in a division.
	AuthoritiesIn(ctx context.Context, division string) ([]string, error)
}

// publishRegion publishes the package of this platform when there is none, when it says something else than holds now, or when it has lived half
// its life.
func (s *Service) publishRegion(ctx context.Context) error {
	content, err := s.regionContent(ctx)
	if err != nil {
		return err
	}
	p, err := s.cfg.Store.FindPublished(ctx, NameRegion)
	if err != nil && !errors.Is(err, ErrNotFound) {
		return storeFault(err, "find published region")
	}
	if have, err := region.Open(p.Content); err == nil && content.Same(have) && s.now().Before(p.NextUpdate.Add(-regionLife/2)) {
		return nil
	}
	return s.publish(ctx, NameRegion, keys.UsageTrustList, regionLife, func(number uint64, now, next time.Time, chain [][]byte, sign statuslist.SignFunc) ([]byte, error) {
		content.Number, content.Issued, content.NextUpdate = number, now, next
		return content.Sign(chain, signed.SignFunc(sign))
	})
}

// regionContent gathers what others need. Of status lists the newest blocks are taken, as far as there is room.
func (s *Service) regionContent(ctx context.Context) (region.Content, error) {
	c := region.Content{URI: s.cfg.BaseURL + region.Path, Publisher: s.cfg.Publisher}
	trust, err := s.cfg.Trust.Trust(ctx)
	if err != nil {
		return c, storeFault(err, "gather trust")
	}
	c.Root = trust.Roots.Certificates()[0].Raw
	for _, other := range trust.Intermediates.Certificates() {
		c.Others = append(c.Others, other.Raw)
	}
	for _, list := range trust.CRLs {
		c.CRLs = append(c.CRLs, list.Raw)
	}
	lists, err := s.cfg.Store.Lists(ctx)
	if err != nil {
		return c, storeFault(err, "list status lists")
	}
	if len(lists) == 0 {
		lists = []uint64{1}
	}
	room := region.MaxLists
	for _, n := range slices.Backward(lists) {
		if n >= presentation.FirstCardList {
			continue // of cards, whose codes are not judged elsewhere
		}
		p, err := s.cfg.Store.FindPublished(ctx, strconv.FormatUint(n, 10))
		if errors.Is(err, ErrNotFound) {
			continue // not published yet
		}
		if err != nil {
			return c, storeFault(err, "find published list")
		}
		if room -= len(p.Content); room < 0 {
			break
		}
		c.Lists = append(c.Lists, p.Content)
	}
	if s.cfg.Lists == nil {
		return c, nil
	}
	others, err := s.cfg.Lists(ctx)
	if err != nil {
		return c, storeFault(err, "gather published lists")
	}
	for _, file := range others {
		if !signed.Is(signed.KindSeals, file.Content) {
			continue // a trust list: whom this platform trusts is not for others to take over
		}
		if room -= len(file.Content); room < 0 {
			break
		}
		c.SealLists = append(c.SealLists, file.Content)
	}
	return c, nil
}

// ReadRegion opens a package and asks whether its own root vouches for it. Nothing is trusted by that.
func ReadRegion(content []byte, at time.Time) (*region.Package, error) {
	p, err := region.Open(content)
	if err == nil {
		err = p.Judge(p.Fingerprint(), at)
	}
	if err != nil {
		return nil, fault.Wrap(err, fault.RegionPackage)
	}
	return p, nil
}

// NewRegion is what an operator decides about another platform.
type NewRegion struct {
	Content     []byte   // its package; fetched when nil
	Fetch       string   // where packages are fetched; empty where they are brought as files
	Fingerprint string   // of its root, compared by another way
	Divisions   []string // GB/T 2260, 2, 4 or 6 digits
}

// AddRegion begins to judge the licences of another platform. Only assembly calls it, for the operator; it asks for no role of the licence room.
func (s *Service) AddRegion(ctx context.Context, order NewRegion) (Region, error) {
	now := s.now()
	r := Region{Fetch: order.Fetch, Root: strings.ToLower(strings.ReplaceAll(order.Fingerprint, ":", "")), AddedAt: now}
	if len(order.Divisions) == 0 {
		return Region{}, fault.New(fault.RegionDivision)
	}
	for _, code := range order.Divisions {
		division, err := region.Division(code)
		if err != nil {
			return Region{}, fault.Wrap(err, fault.RegionDivision)
		}
		own, err := s.cfg.Store.AuthoritiesIn(ctx, division)
		if err != nil {
			return Region{}, storeFault(err, "find own authorities")
		}
		if len(own) > 0 {
			return Region{}, fault.Wrap(errors.New("authority "+own[0]+" of this platform lies in division "+code), fault.RegionDivision)
		}
		if !slices.Contains(r.Divisions, division) {
			r.Divisions = append(r.Divisions, division)
		}
	}
	known, err := s.cfg.Store.Regions(ctx)
	if err != nil {
		return Region{}, storeFault(err, "list regions")
	}
	if len(known) >= maxRegions {
		return Region{}, fault.Wrap(errors.New("there are as many regions as may be"), fault.RegionKnown)
	}
	if order.Content == nil {
		if order.Content, err = s.fetchRegion(ctx, order.Fetch); err != nil {
			return Region{}, err
		}
		r.AskedAt = now
	}
	if err := s.readInto(&r, order.Content); err != nil {
		return Region{}, err
	}
	if r.URI == s.cfg.BaseURL+region.Path {
		return Region{}, fault.Wrap(errors.New("this is the package of this platform"), fault.RegionKnown)
	}
	e := s.regionEvent(ctx, "region.added", r, "root", r.Root, "divisions", strings.Join(r.Divisions, " "), "fetch", r.Fetch)
	err = s.cfg.Store.AddRegion(ctx, r, order.Content, audit.With(e))
	if errors.Is(err, ErrStale) {
		return Region{}, fault.Wrap(err, fault.RegionKnown)
	}
	return r, storeFault(err, "add region")
}

// readInto judges a package for a region with a confirmed root and takes over what it says of itself.
func (s *Service) readInto(r *Region, content []byte) error {
	p, err := region.Open(content)
	if err == nil {
		err = p.Judge(r.Root, s.now())
	}
	if err == nil && !p.Current(s.now()) {
		err = errors.New("the package is of " + p.Issued.Format(time.RFC3339) + " and out of date")
	}
	if err != nil {
		return fault.Wrap(err, fault.RegionPackage)
	}
	r.URI, r.Publisher, r.Number, r.IssuedAt, r.NextUpdate, r.TakenAt, r.Problem = p.URI, p.Publisher, p.Number, p.Issued, p.NextUpdate, s.now(), ""
	return nil
}

func (s *Service) regionEvent(ctx context.Context, kind string, r Region, details ...string) audit.Event {
	e := s.event(ctx, kind, r.URI, s.now(), append(details, "number", strconv.FormatUint(r.Number, 10))...)
	e.ObjectType = "region"
	return e
}

func (s *Service) fetchRegion(ctx context.Context, address string) ([]byte, error) {
	if s.cfg.Fetch == nil || address == "" {
		return nil, fault.New(fault.RegionUnreached)
	}
	content, err := s.cfg.Fetch(ctx, address)
	if err != nil {
		return nil, fault.Wrap(err, fault.RegionUnreached)
	}
	return content, nil
}

// RenewRegion takes a newer package of a region that is known. The same package again is no fault and changes nothing.
func (s *Service) RenewRegion(ctx context.Context, content []byte) (Region, error) {
	p, err := region.Open(content)
	if err != nil {
		return Region{}, fault.Wrap(err, fault.RegionPackage)
	}
	known, err := s.cfg.Store.Regions(ctx)
	if err != nil {
		return Region{}, storeFault(err, "list regions")
	}
	for _, r := range known {
		if r.URI == p.URI {
			return s.renew(ctx, r, content)
		}
	}
	return Region{}, fault.New(fault.NotFound)
}

func (s *Service) renew(ctx context.Context, r Region, content []byte) (Region, error) {
	before := r
	if err := s.readInto(&r, content); err != nil {
		return Region{}, err
	}
	switch {
	case r.URI != before.URI:
		return Region{}, fault.Wrap(errors.New("the package is that of "+r.URI), fault.RegionPackage)
	case r.Number < before.Number:
		return Region{}, fault.New(fault.RegionOlder)
	case r.Number == before.Number:
		if before.Problem != "" {
			return before, storeFault(s.cfg.Store.FailRegion(ctx, r.URI, ""), "note region")
		}
		return before, nil
	}
	done, err := s.cfg.Store.RenewRegion(ctx, r, content, audit.With(s.regionEvent(ctx, "region.renewed", r)))
	if err == nil && !done {
		return Region{}, fault.New(fault.RegionOlder) // another node took a newer one, or it was removed meanwhile
	}
	return r, storeFault(err, "renew region")
}

// RefreshRegions asks for the packages of regions that are fetched, each at most every five minutes over all nodes; at once with all. Regions that
// fail do not hold up the others; what was taken before stays until it is out of date.
func (s *Service) RefreshRegions(ctx context.Context, all bool) error {
	if actor := reqctx.From(ctx).Actor; actor.ID == "" {
		ctx = reqctx.WithActor(ctx, reqctx.Actor{ID: "system:elicense-regions"})
	}
	known, err := s.cfg.Store.Regions(ctx)
	if err != nil {
		return storeFault(err, "list regions")
	}
	var failures []error
	for _, r := range known {
		now := s.now()
		before := now.Add(-regionTurn)
		if all {
			before = now
		}
		if r.Fetch == "" || r.AskedAt.After(before) {
			continue
		}
		mine, err := s.cfg.Store.AskRegion(ctx, r.URI, before, now)
		if err != nil {
			return storeFault(err, "ask region")
		}
		if !mine {
			continue
		}
		content, err := s.fetchRegion(ctx, r.Fetch)
		if err == nil {
			_, err = s.renew(ctx, r, content)
		}
		if err != nil {
			failures = append(failures, err, s.cfg.Store.FailRegion(ctx, r.URI, string(fault.CodeOf(err))))
		}
	}
	return errors.Join(failures...)
}

// ListRegions gives the regions that count.
func (s *Service) ListRegions(ctx context.Context) ([]Region, error) {
	all, err := s.cfg.Store.Regions(ctx)
	return all, storeFault(err, "list regions")
}

// RemoveRegion ends the trust in a region at once, on every node.
func (s *Service) RemoveRegion(ctx context.Context, uri string) error {
	done, err := s.cfg.Store.RemoveRegion(ctx, uri, s.now(), audit.With(s.regionEvent(ctx, "region.removed", Region{URI: uri})))
	if err == nil && !done {
		return fault.New(fault.NotFound)
	}
	return storeFault(err, "remove region")
}

// regionMemo keeps opened packages, since each holds whole status lists.
type regionMemo struct {
	mutex  sync.Mutex
	opened map[string]*region.Package // by address
}

// vouched are the regions by which files are judged at this moment.
func (s *Service) vouched(ctx context.Context) ([]*region.Vouched, error) {
	known, err := s.cfg.Store.Regions(ctx)
	if err != nil || len(known) == 0 {
		return nil, storeFault(err, "list regions")
	}
	var all []*region.Vouched
	for _, r := range known {
		p, err := s.regions.open(ctx, s.cfg.Store, r)
		if errors.Is(err, ErrNotFound) {
			continue // removed meanwhile
		}
		if err != nil {
			return nil, storeFault(err, "open package of region")
		}
		v := &region.Vouched{Package: p, Confirmed: r.Root, Divisions: r.Divisions}
		for _, division := range r.Divisions {
			own, err := s.cfg.Store.AuthoritiesIn(ctx, division)
			if err != nil {
				return nil, storeFault(err, "find own authorities")
			}
			v.Except = append(v.Except, own...)
		}
		all = append(all, v)
	}
	return all, nil
}

func (m *regionMemo) open(ctx context.Context, store Regions, r Region) (*region.Package, error) {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	if p := m.opened[r.URI]; p != nil && p.Number == r.Number {
		return p, nil
	}
	content, err := store.RegionContent(ctx, r.URI)
	if err != nil {
		return nil, err
	}
	p, err := region.Open(content)
	if err != nil {
		return nil, err
	}
	if m.opened == nil {
		m.opened = map[string]*region.Package{}
	}
	m.opened[r.URI] = p
	return p, nil
}

// regionFiles are the regions as files of trust.
func (s *Service) regionFiles(ctx context.Context) ([]TrustFile, error) {
	all, err := s.vouched(ctx)
	if err != nil {
		return nil, err
	}
	var files []TrustFile
	for i, v := range all {
		content, err := v.Encode()
		if err != nil {
			return nil, err
		}
		files = append(files, TrustFile{"region-" + strconv.Itoa(i+1) + ".cbor", content})
	}
	return files, nil
}
