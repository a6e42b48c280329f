package mandate

import (
	"slices"
	"testing"
	"time"
)

var now = time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC)

func sample() Mandate {
	return Mandate{ID: "mdt_1", State: Active, NotBefore: now, NotAfter: now.Add(day), CreatedAt: now, Items: []string{"a", "b"}, Rights: []Right{View, Submit}, MaxClass: ClassContact, DetailTypes: []string{"t"}}
}

func TestNothingIsPassedOnThatIsWiderOrLonger(t *testing.T) {
	for name, test := range map[string]struct {
		change func(m *Mandate)
		within bool
	}{
		"the same":       {func(*Mandate) {}, true},
		"less":           {func(m *Mandate) { m.Items, m.Rights, m.MaxClass, m.DetailTypes = []string{"a"}, nil, ClassName, nil }, true},
		"another item":   {func(m *Mandate) { m.Items = []string{"c"} }, false},
		"all items":      {func(m *Mandate) { m.Items = []string{AllItems} }, false},
		"another right":  {func(m *Mandate) { m.Rights = []Right{Collect} }, false},
		"more data":      {func(m *Mandate) { m.MaxClass = ClassIdentity }, false},
		"another detail": {func(m *Mandate) { m.DetailTypes = []string{"u"} }, false},
		"longer":         {func(m *Mandate) { m.NotAfter = m.NotAfter.Add(time.Microsecond) }, false},
		"earlier":        {func(m *Mandate) { m.NotBefore = m.NotBefore.Add(-time.Microsecond) }, false},
	} {
		m := sample()
		test.change(&m)
		if m.Within(sample()) != test.within {
			t.Errorf("%s: within is %v", name, !test.within)
		}
	}
	all := sample()
	all.Items = []string{AllItems}
	if !sample().Within(all) {
		t.Error("some items are not within all")
	}
}

func TestTrimKeepsWhatTheMandateOpens(t *testing.T) {
	claims := func() map[string]any {
		return map[string]any{"ial": 2, "name": "x", "phone_number": "x", "email": "x", "id_document_number": "x", "a claim of tomorrow": "x"}
	}
	for name, test := range map[string]struct {
		change func(m *Mandate)
		want   []string
	}{
		"names":       {func(m *Mandate) { m.MaxClass = ClassName }, []string{"ial", "name"}},
		"contacts":    {func(*Mandate) {}, []string{"email", "ial", "name", "phone_number"}},
		"identity":    {func(m *Mandate) { m.MaxClass = ClassIdentity }, []string{"a claim of tomorrow", "email", "ial", "id_document_number", "name", "phone_number"}},
		"not to look": {func(m *Mandate) { m.Rights = []Right{Submit} }, []string{"ial"}},
		"frozen":      {func(m *Mandate) { m.FrozenAt = now }, []string{"email", "ial", "name", "phone_number"}},
	} {
		m, left := sample(), claims()
		test.change(&m)
		m.Trim(left)
		var got []string
		for claim := range left {
			got = append(got, claim)
		}
		slices.Sort(got)
		if !slices.Equal(got, test.want) {
			t.Errorf("%s: %v, want %v", name, got, test.want)
		}
		for claim := range claims() {
			if _, open := left[claim]; open != m.Opens(claim) {
				t.Errorf("%s: consent and tokens differ about %s", name, claim)
			}
		}
	}
}

func TestFrozenRights(t *testing.T) {
	m := sample()
	m.Rights = []Right{View, Fill, Submit, Collect, Present, Manage}
	m.FrozenAt = now
	if got := m.Open(); !slices.Equal(got, []Right{View, Fill}) {
		t.Errorf("open while frozen: %v", got)
	}
}

func TestStateAtAMoment(t *testing.T) {
	for name, test := range map[string]struct {
		change func(m *Mandate)
		after  time.Duration
		want   State
		live   bool
	}{
		"before it begins":  {func(m *Mandate) { m.NotBefore = now.Add(time.Hour) }, 0, Active, false},
		"in time":           {func(*Mandate) {}, 0, Active, true},
		"at the end":        {func(*Mandate) {}, day, Expired, false},
		"proposed":          {func(m *Mandate) { m.State, m.NotAfter = Proposed, now.Add(MaxLife) }, ProposalLife - 1, Proposed, false},
		"not answered":      {func(m *Mandate) { m.State, m.NotAfter = Proposed, now.Add(MaxLife) }, ProposalLife, Expired, false},
		"revoked, and late": {func(m *Mandate) { m.State = Revoked }, day, Revoked, false},
	} {
		m := sample()
		test.change(&m)
		if at := now.Add(test.after); m.StateAt(at) != test.want || m.Live(at) != test.live {
			t.Errorf("%s: %s, live %v", name, m.StateAt(at), m.Live(at))
		}
	}
}

func TestTermsStayWithinThePolicy(t *testing.T) {
	good := Terms{Kind: Relative, Items: []string{"a"}, Rights: []Right{View}}
	for name, test := range map[string]struct {
		change func(t *Terms)
		ok     bool
	}{
		"defaults":             {func(*Terms) {}, true},
		"a year":               {func(t *Terms) { t.Until = now.Add(MaxLife) }, true},
		"more than a year":     {func(t *Terms) { t.Until = now.Add(MaxLife + 1) }, false},
		"over already":         {func(t *Terms) { t.Until = now }, false},
		"no items":             {func(t *Terms) { t.Items = nil }, false},
		"all and more":         {func(t *Terms) { t.Items = []string{AllItems, "a"} }, false},
		"an item with a blank": {func(t *Terms) { t.Items = []string{"a b"} }, false},
		"too many items":       {func(t *Terms) { t.Items = slices.Repeat([]string{"a"}, maxItems+1) }, false},
		"a right of others":    {func(t *Terms) { t.Rights = []Right{Manage} }, false},
		"an unknown right":     {func(t *Terms) { t.Rights = []Right{"everything"} }, false},
		"an unknown kind":      {func(t *Terms) { t.Kind = "king" }, false},
		"an unknown class":     {func(t *Terms) { t.MaxClass = ClassIdentity + 1 }, false},
		"an elder's number":    {func(t *Terms) { t.Kind, t.MaxClass = ElderHelper, ClassIdentity }, false},
		"an elder's collector": {func(t *Terms) { t.Kind, t.Rights = ElderHelper, []Right{Collect} }, false},
		"a village helper":     {func(t *Terms) { t.Kind = VillageHelper }, true},
		"for two hours":        {func(t *Terms) { t.Kind, t.Until = VillageHelper, now.Add(2*time.Hour) }, true},
		"for a day":            {func(t *Terms) { t.Kind, t.Until = VillageHelper, now.Add(24*time.Hour) }, false},
		"two items at once":    {func(t *Terms) { t.Kind, t.Items = VillageHelper, []string{"a", "b"} }, false},
		"all for the village":  {func(t *Terms) { t.Kind, t.Items = VillageHelper, []string{AllItems} }, false},
		"passed on by helpers": {func(t *Terms) { t.Kind, t.Delegable = ElderHelper, true }, false},
	} {
		terms := good
		test.change(&terms)
		var m Mandate
		if err := terms.apply(&m, now); (err == nil) != test.ok {
			t.Errorf("%s: %v", name, err)
		}
	}
	var m Mandate
	if err := good.apply(&m, now); err != nil || !m.NotAfter.Equal(now.Add(DefaultLife)) || m.MaxClass != ClassName {
		t.Errorf("defaults: %+v, %v", m, err)
	}
}
