package sealtest

import (
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/esign"
	"github.com/yinxin-gov/yinxin/internal/audit"
)

// The part of the contract about organisations that were succeeded.
var successionStore = map[string]func(*testing.T, esign.Store){
	"successions are kept":              successionsAreKept,
	"one succession of an organisation": oneSuccessionAtATime,
	"successions are listed":            successionsAreListed,
	"successions whose seals end":       successionsDue,
	"seals of organisations":            sealsOfOrganisations,
}

// Succession is a proposal for store tests, made n seconds after Start.
func Succession(n int, owner esign.Party) esign.Succession {
	return esign.Succession{ID: fmt.Sprintf("succession_%04d", n), Owner: owner, Kind: esign.Split, Heirs: []esign.Party{{Name: "乙局", Code: "91350100M000100Y43"}, {Name: "丙局"}}, Since: Start, Order: "示政发〔2026〕12号",
		SealsEnd: Start.Add(time.Hour), Area: "37/", State: esign.SuccessionProposed, ProposedBy: "a", ProposedAt: Start.Add(time.Duration(n) * time.Second)}
}

func addSuccession(t *testing.T, s esign.Store, p esign.Succession) esign.Succession {
	t.Helper()
	want(t, "add", s.AddSuccession(ctx, p, record("proposed")), nil)
	return p
}

// settled is a succession as it is after a decision.
func settled(p esign.Succession, state esign.SuccessionState) esign.Succession {
	p.State, p.DecidedBy, p.DecidedAt, p.Reason = state, "b", Start.Add(time.Minute), "r"
	if state == esign.SuccessionAnnulled {
		p.RecordedBy, p.RecordedAt = "a", Start.Add(time.Second)
	}
	return p
}

func settleSuccession(t *testing.T, s esign.Store, p esign.Succession, state esign.SuccessionState) esign.Succession {
	t.Helper()
	after := settled(p, state)
	want(t, "decide", s.UpdateSuccession(ctx, after, p.State, record("decided")), nil)
	return after
}

func successionsAreKept(t *testing.T, s esign.Store) {
	owner := party(Row(1))
	p := addSuccession(t, s, Succession(1, owner))
	bare := Succession(2, esign.Party{Name: "丁局"})
	bare.SealsEnd = time.Time{}
	addSuccession(t, s, bare)
	for _, wanted := range []esign.Succession{p, bare} {
		if got, err := s.Succession(ctx, wanted.ID); err != nil || !same(got, wanted) {
			t.Errorf("%v\ngot  %+v\nwant %+v", err, got, wanted)
		}
	}
	_, err := s.Succession(ctx, "none")
	want(t, "none", err, esign.ErrNotFound)
	_, err = s.SuccessionOf(ctx, owner)
	want(t, "only proposed", err, esign.ErrNotFound)
	want(t, "from another state", s.UpdateSuccession(ctx, settled(p, esign.SuccessionAnnulled), esign.SuccessionRecorded, record("decided")), esign.ErrChanged)
	if err := s.UpdateSuccession(ctx, settled(p, esign.SuccessionRecorded), esign.SuccessionProposed, audit.Record{}); err == nil {
		t.Error("decided without an audit event")
	}
	p = settleSuccession(t, s, p, esign.SuccessionRecorded)
	if got, err := s.SuccessionOf(ctx, owner); err != nil || !same(got, p) {
		t.Errorf("%v\ngot  %+v\nwant %+v", err, got, p)
	}
	_, err = s.SuccessionOf(ctx, esign.Party{Name: owner.Name})
	want(t, "the name without the code", err, esign.ErrNotFound)
	want(t, "decided twice", s.UpdateSuccession(ctx, p, esign.SuccessionProposed, record("decided")), esign.ErrChanged)
	want(t, "nothing changed", s.UpdateSuccession(ctx, p, esign.SuccessionRecorded, record("decided")), esign.ErrChanged)
	want(t, "not there", s.UpdateSuccession(ctx, Succession(9, owner), esign.SuccessionProposed, record("decided")), esign.ErrChanged)
	if err := s.AddSuccession(ctx, Succession(8, esign.Party{Name: "戊局"}), audit.Record{}); err == nil {
		t.Error("stored without an audit event")
	}
}

func oneSuccessionAtATime(t *testing.T, s esign.Store) {
	owner := party(Row(1))
	p := addSuccession(t, s, Succession(1, owner))
	want(t, "beside a proposal", s.AddSuccession(ctx, Succession(2, owner), record("proposed")), esign.ErrExists)
	p = settleSuccession(t, s, p, esign.SuccessionRecorded)
	want(t, "beside a record", s.AddSuccession(ctx, Succession(2, owner), record("proposed")), esign.ErrExists)
	settleSuccession(t, s, p, esign.SuccessionAnnulled)
	p = addSuccession(t, s, Succession(2, owner))
	settleSuccession(t, s, p, esign.SuccessionRefused)
	p = addSuccession(t, s, Succession(3, owner))
	settleSuccession(t, s, p, esign.SuccessionWithdrawn)
	addSuccession(t, s, Succession(4, owner))
	addSuccession(t, s, Succession(5, esign.Party{Name: owner.Name})) // another one of the same name
}

func successionsAreListed(t *testing.T, s esign.Store) {
	var all []esign.Succession
	for n := range 5 {
		p := Succession(n, esign.Party{Name: fmt.Sprint("局", n)})
		if n == 3 {
			p.ProposedAt, p.Area = all[2].ProposedAt, "44/" // the identifier decides
		}
		all = append(all, addSuccession(t, s, p))
	}
	all[1] = settleSuccession(t, s, all[1], esign.SuccessionRefused)
	list := func(q esign.SuccessionQuery) (ids []string) {
		t.Helper()
		page, err := s.SuccessionPage(ctx, q)
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range page {
			ids = append(ids, p.ID[len(p.ID)-1:])
		}
		return ids
	}
	after := func(n int) esign.Position { return esign.Position{At: all[n].ProposedAt, ID: all[n].ID} }
	for name, c := range map[string]struct {
		q    esign.SuccessionQuery
		want []string
	}{
		"all":        {esign.SuccessionQuery{Areas: []string{""}, Limit: 9}, []string{"4", "3", "2", "1", "0"}},
		"a page":     {esign.SuccessionQuery{Areas: []string{""}, Limit: 2}, []string{"4", "3"}},
		"the next":   {esign.SuccessionQuery{Areas: []string{""}, After: after(3), Limit: 2}, []string{"2", "1"}},
		"the last":   {esign.SuccessionQuery{Areas: []string{""}, After: after(0), Limit: 2}, nil},
		"in a state": {esign.SuccessionQuery{Areas: []string{""}, State: esign.SuccessionRefused, Limit: 9}, []string{"1"}},
		"of an area": {esign.SuccessionQuery{Areas: []string{"44/"}, Limit: 9}, []string{"3"}},
		"of none":    {esign.SuccessionQuery{Limit: 9}, nil},
	} {
		if got := list(c.q); !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
	add(t, s, Row(1))
	want(t, "move", s.MoveOwner(ctx, Row(1).OwnerCode, "11/", record("moved")), nil)
	if got := list(esign.SuccessionQuery{Areas: []string{"11/"}, Limit: 9}); got != nil {
		t.Errorf("others moved: %v", got)
	}
	own := addSuccession(t, s, Succession(6, party(Row(1))))
	add(t, s, Row(2))
	want(t, "move again", s.MoveOwner(ctx, own.Owner.Code, "12/", record("moved")), nil)
	if got := list(esign.SuccessionQuery{Areas: []string{"12/"}, Limit: 9}); !slices.Equal(got, []string{"6"}) {
		t.Errorf("moved with its organisation: %v", got)
	}
}

func successionsDue(t *testing.T, s esign.Store) {
	end := Start.Add(time.Hour)
	var all []esign.Succession
	for n, state := range []esign.SuccessionState{esign.SuccessionRecorded, esign.SuccessionRecorded, esign.SuccessionRefused, "", esign.SuccessionRecorded} {
		p := Succession(n, esign.Party{Name: fmt.Sprint("局", n)})
		switch n {
		case 1:
			p.SealsEnd = end.Add(-time.Second) // the oldest end comes first
		case 4:
			p.SealsEnd = time.Time{}
		}
		p = addSuccession(t, s, p)
		if state != "" {
			p = settleSuccession(t, s, p, state)
		}
		all = append(all, p)
	}
	due := func(now time.Time, limit int) (ids []string) {
		t.Helper()
		page, err := s.SuccessionsDue(ctx, now, limit)
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range page {
			ids = append(ids, p.ID)
		}
		return ids
	}
	if got := due(end, 9); !slices.Equal(got, []string{all[1].ID, all[0].ID}) {
		t.Errorf("due: %v", got)
	}
	if got := due(end.Add(-time.Microsecond), 9); !slices.Equal(got, []string{all[1].ID}) {
		t.Errorf("before the second one: %v", got)
	}
	if got := due(end, 1); len(got) != 1 {
		t.Errorf("limit: %v", got)
	}
	done := all[1]
	done.SealsEnded = true
	want(t, "ended", s.UpdateSuccession(ctx, done, esign.SuccessionRecorded, record("ended")), nil)
	want(t, "ended twice", s.UpdateSuccession(ctx, done, esign.SuccessionRecorded, record("ended")), esign.ErrChanged)
	if got := due(end, 9); !slices.Equal(got, []string{all[0].ID}) {
		t.Errorf("after one ended: %v", got)
	}
}

func sealsOfOrganisations(t *testing.T, s esign.Store) {
	of := func(n int, owner esign.Party, state esign.State) esign.Seal {
		row := in(Row(n), state)
		row.Owner, row.OwnerCode, row.Area = owner.Name, owner.Code, "37/"
		return add(t, s, row)
	}
	one, two := party(Row(1)), esign.Party{Name: "乙局"}
	first, second := of(1, one, esign.Active), of(2, one, esign.Active)
	of(3, one, esign.Suspended)
	of(4, two, esign.Active)
	of(5, esign.Party{Name: one.Name}, esign.Active) // another one of the same name
	codes := func(page []esign.Seal, err error) (codes []string) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		for _, row := range page {
			codes = append(codes, row.Code)
		}
		return codes
	}
	if got := codes(s.SealsOfOwner(ctx, one, "", 9)); !slices.Equal(got, []string{Row(1).Code, Row(2).Code, Row(3).Code}) {
		t.Errorf("of one: %v", got)
	}
	if got := codes(s.SealsOfOwner(ctx, one, Row(1).Code, 1)); !slices.Equal(got, []string{Row(2).Code}) {
		t.Errorf("a page: %v", got)
	}
	p := addSuccession(t, s, Succession(1, one))
	gone := func(at time.Time) []string {
		t.Helper()
		return codes(s.SealsSucceeded(ctx, []string{"37/"}, at, "", 9))
	}
	owners := func(from, to int) map[string]esign.Party {
		t.Helper()
		got, err := s.SucceededOwners(ctx, Row(from).Code, Row(to).Code)
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	if got := gone(Start); got != nil || len(owners(1, 9)) != 0 {
		t.Errorf("only proposed: %v", got)
	}
	settleSuccession(t, s, p, esign.SuccessionRecorded)
	if got := gone(Start.Add(-time.Microsecond)); got != nil {
		t.Errorf("before its day: %v", got)
	}
	if got := gone(Start); !slices.Equal(got, []string{first.Code, second.Code}) {
		t.Errorf("succeeded: %v", got)
	}
	if got := owners(2, 9); !maps.Equal(got, map[string]esign.Party{Row(2).Code: one, Row(3).Code: one}) {
		t.Errorf("owners: %v", got)
	}
	row := instead(6, first)
	row.Area = "37/"
	add(t, s, row)
	if got := gone(Start); !slices.Equal(got, []string{second.Code}) {
		t.Errorf("with a replacement under way: %v", got)
	}
	if got := codes(s.SealsSucceeded(ctx, []string{"44/"}, Start, "", 9)); got != nil {
		t.Errorf("of another area: %v", got)
	}
}
