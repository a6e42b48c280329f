package idp

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/internal/fault"
)

func titles(text string) map[string]string {
	return map[string]string{"zh-CN": text, "en": text, "zh-Hant": text}
}

var no = false

// TestBuiltinVocabularyKeepsItsOwnRules: what is shipped would be taken from an administrator as it is, and is what an
// empty installation has.
func TestBuiltinVocabularyKeepsItsOwnRules(t *testing.T) {
	scopes, claims := BuiltinScopes(), BuiltinClaims()
	for i := range scopes {
		if err := scopes[i].Normalize(); err != nil {
			t.Error(err)
		}
	}
	for i := range claims {
		if err := claims[i].Normalize(); err != nil {
			t.Error(err)
		}
	}
	if err := CheckVocabulary(scopes, claims); err != nil {
		t.Error(err)
	}
	empty, again := (*LiveVocabulary)(nil).Load(), NewVocabulary(scopes, claims)
	if !slices.Equal(empty.Scopes(), []string{"openid", "profile", "phone", "email", "identity", "licenses", "mandates", "my_data"}) || !slices.Equal(empty.Scopes(), again.Scopes()) || !slices.Equal(empty.Claims(), again.Claims()) {
		t.Errorf("%v %v", empty.Scopes(), empty.Claims())
	}
	for _, scope := range scopes {
		if known, _ := empty.Scope(scope.ID); mustJSON(known) != mustJSON(scope) {
			t.Errorf("%s is %s", scope.ID, mustJSON(known))
		}
	}
	if len(Changes(empty, again)) != 0 {
		t.Errorf("storing what is built in changes %v", Changes(empty, again))
	}
}

func mustJSON(v any) string {
	content, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(content)
}

func TestScopesThatMayNotBe(t *testing.T) {
	for name, test := range map[string]struct {
		change func(s *Scope)
		field  string
	}{
		"good":                       {func(*Scope) {}, ""},
		"without claims":             {func(s *Scope) { s.Claims, s.Consent = nil, &no }, ""},
		"upper case":                 {func(s *Scope) { s.ID = "Transport" }, "id"},
		"a blank":                    {func(s *Scope) { s.ID = "a b" }, "id"},
		"a mark of consents":         {func(s *Scope) { s.ID = "claim:name" }, "id"},
		"long":                       {func(s *Scope) { s.ID = strings.Repeat("a", 65) }, "id"},
		"a role of administration":   {func(s *Scope) { s.ID = RoleAuditAdmin }, "id"},
		"a role of staff":            {func(s *Scope) { s.ID = "license_issuer" }, "id"},
		"offline_access":             {func(s *Scope) { s.ID = "offline_access" }, "id"},
		"a language is missing":      {func(s *Scope) { delete(s.Title, "en") }, "title"},
		"half a description":         {func(s *Scope) { s.Description = map[string]string{"en": "x"} }, "description"},
		"a claim twice":              {func(s *Scope) { s.Claims = []string{"name", "name"} }, "claims"},
		"a level":                    {func(s *Scope) { s.Claims = []string{"ial"} }, "claims"},
		"too high":                   {func(s *Scope) { s.IAL = 5 }, "ial"},
		"openid removed":             {func(s *Scope) { s.ID, s.Claims, s.Disabled = "openid", nil, true }, "disabled"},
		"openid widened":             {func(s *Scope) { s.ID = "openid" }, "claims"},
		"profile widened":            {func(s *Scope) { s.ID, s.Claims = "profile", []string{"name", "id_document_number"} }, "claims"},
		"profile narrowed":           {func(s *Scope) { s.ID = "profile" }, ""},
		"nobody asked for licences":  {func(s *Scope) { s.ID, s.Claims, s.Consent = "licenses", nil, &no }, "consent"},
		"profile for some alone":     {func(s *Scope) { s.ID, s.IAL = "profile", 2 }, ""},
		"profile, without a purpose": {func(s *Scope) { s.Approval = strings.Repeat("批", 501) }, "approval_note"},
	} {
		s := Scope{ID: "transport.read", Title: titles("出行"), Claims: []string{"name"}}
		test.change(&s)
		wantField(t, name, s.Normalize(), "scopes."+s.ID+".", test.field)
	}
}

func wantField(t *testing.T, name string, err error, before, field string) {
	t.Helper()
	if field == "" && err != nil || field != "" && (fault.CodeOf(err) != fault.ClientMetadata || fault.From(err).Params["field"] != before+field) {
		t.Errorf("%s: %v, want %q", name, err, field)
	}
}

func TestClaimsThatMayNotBe(t *testing.T) {
	for name, test := range map[string]struct {
		change func(c *Claim)
		field  string
	}{
		"good":                    {func(*Claim) {}, ""},
		"statutory":               {func(c *Claim) { c.Basis, c.Citation = BasisStatutory, "居民身份证法" }, ""},
		"a level":                 {func(c *Claim) { c.Source, c.Mask, c.MaxIAL = "ial", "", 2 }, ""},
		"birthdate":               {func(c *Claim) { c.ID, c.Source = "birthdate", "birthdate" }, ""},
		"a dash":                  {func(c *Claim) { c.ID = "real-name" }, "id"},
		"long":                    {func(c *Claim) { c.ID = strings.Repeat("a", 65) }, "id"},
		"subject":                 {func(c *Claim) { c.ID = "sub" }, "id"},
		"confirmation":            {func(c *Claim) { c.ID = "cnf" }, "id"},
		"actor":                   {func(c *Claim) { c.ID = "act" }, "id"},
		"allowed with another":    {func(c *Claim) { c.ID = "real_name_verified" }, "id"},
		"invented":                {func(c *Claim) { c.Source = "salary" }, "source"},
		"of another meaning":      {func(c *Claim) { c.ID = "address" }, "source"},
		"a phone for an e-mail":   {func(c *Claim) { c.ID, c.Source = "email", "phone_number" }, "source"},
		"evidence":                {func(c *Claim) { c.Source, c.Mask = "verified_claims", "" }, "source"},
		"a mask of a flag":        {func(c *Claim) { c.Source = "email_verified" }, "mask"},
		"another mask":            {func(c *Claim) { c.Mask = "none" }, "mask"},
		"another basis":           {func(c *Claim) { c.Basis = "interest" }, "basis"},
		"statutory, without law":  {func(c *Claim) { c.Basis = BasisStatutory }, "citation"},
		"a law and consent":       {func(c *Claim) { c.Citation = "x" }, "citation"},
		"long law":                {func(c *Claim) { c.Basis, c.Citation = BasisStatutory, strings.Repeat("法", 201) }, "citation"},
		"level":                   {func(c *Claim) { c.IAL = 5 }, "ial"},
		"a bound of what is none": {func(c *Claim) { c.MaxIAL = 2 }, "max_ial"},
		"ial removed":             {func(c *Claim) { c.ID, c.Source, c.Mask, c.Disabled = "ial", "ial", "", true }, "disabled"},
		"no title":                {func(c *Claim) { c.Title = nil }, "title"},
	} {
		c := Claim{ID: "real_name_masked", Title: titles("姓名（部分）"), Source: "name", Mask: MaskPartial}
		test.change(&c)
		wantField(t, name, c.Normalize(), "claims."+c.ID+".", test.field)
	}
	// What is sensitive is so under every name, but for a part of it.
	whole, part := Claim{ID: "number", Title: titles("x"), Source: "id_document_number"}, Claim{ID: "number_part", Title: titles("x"), Source: "id_document_number", Mask: MaskPartial}
	if whole.Normalize() != nil || part.Normalize() != nil || !whole.Sensitive || part.Sensitive {
		t.Errorf("%+v %+v", whole, part)
	}
}

func TestConsentIsAskedForWhatRestsOnIt(t *testing.T) {
	silent := Scope{ID: "register", Title: titles("登记"), Claims: []string{"holder"}, Consent: &no}
	holder := Claim{ID: "holder", Title: titles("持有人"), Source: "name", Basis: BasisConsent}
	wantField(t, "consent", CheckVocabulary([]Scope{silent}, []Claim{holder}), "scopes.register.", "consent")
	holder.Basis, holder.Citation = BasisStatutory, "不动产登记暂行条例"
	wantField(t, "law", CheckVocabulary([]Scope{silent}, []Claim{holder}), "scopes.register.", "")
	holder.Disabled = true
	wantField(t, "claim out of use", CheckVocabulary([]Scope{silent}, []Claim{holder}), "scopes.register.", "claims")
	holder.Disabled = false
	v := NewVocabulary([]Scope{silent, {ID: "own", Title: titles("x"), Claims: []string{"holder"}}}, []Claim{holder})
	if items := v.Items([]string{"openid", "profile", "register", "own", "unknown"}); !slices.Equal(items, []string{"openid", "profile", "own", "claim:holder", "unknown"}) {
		t.Errorf("items %v", items)
	}
	if law := v.BasisOf(Client{}, "holder"); law != holder.Citation {
		t.Errorf("basis %q", law)
	}
	if law := v.BasisOf(Client{StatutoryBasis: "其他法"}, "holder"); law != "其他法" {
		t.Errorf("basis %q", law)
	}
}

// TestWhatIsUsedIsNeitherRemovedNorWidened: a client with the scope would get more than people agreed to.
func TestWhatIsUsedIsNeitherRemovedNorWidened(t *testing.T) {
	scope := Scope{ID: "own", Title: titles("x"), Claims: []string{"part"}, IAL: 1}
	claim := Claim{ID: "part", Title: titles("x"), Source: "name", Mask: MaskPartial, Basis: BasisStatutory, Citation: "法", IAL: 1}
	before := NewVocabulary([]Scope{scope}, []Claim{claim})
	holds, lists, other := Client{ClientID: "holds", Scope: "openid own"}, Client{ClientID: "lists", Scope: "openid", AllowedClaims: []AllowedClaim{{Claim: "part", Purpose: "x"}}}, Client{ClientID: "other", Scope: "openid profile"}
	word := Client{ClientID: "word", Scope: "openid fresh"}
	for name, test := range map[string]struct {
		scope func(s *Scope)
		claim func(c *Claim)
		more  []Scope
		want  []string
	}{
		"nothing":                               {want: nil},
		"texts":                                 {scope: func(s *Scope) { s.Title, s.Approval = titles("y"), "批" }, claim: func(c *Claim) { c.Title = titles("y") }},
		"narrower":                              {scope: func(s *Scope) { s.IAL, s.Claims = 2, nil }, claim: func(c *Claim) { c.IAL = 2 }},
		"removed":                               {scope: func(s *Scope) { s.Disabled = true }, want: []string{"holds"}},
		"claim removed":                         {scope: func(s *Scope) { s.Claims = nil }, claim: func(c *Claim) { c.Disabled = true }, want: []string{"lists"}},
		"another claim":                         {scope: func(s *Scope) { s.Claims = append(s.Claims, "email") }, want: []string{"holds"}},
		"a lower level":                         {scope: func(s *Scope) { s.IAL = 0 }, want: []string{"holds"}},
		"nobody asked":                          {scope: func(s *Scope) { s.Consent = &no }, want: []string{"holds"}},
		"no mask":                               {claim: func(c *Claim) { c.Mask = "" }, want: []string{"holds", "lists"}},
		"another fact":                          {claim: func(c *Claim) { c.Source = "email" }, want: []string{"holds", "lists"}},
		"claim at lower levels":                 {claim: func(c *Claim) { c.IAL = 0 }, want: []string{"holds", "lists"}},
		"a word that clients have, with claims": {more: []Scope{{ID: "fresh", Title: titles("x"), Claims: []string{"name"}}}, want: []string{"word"}},
		"a word that clients have, unasked":     {more: []Scope{{ID: "fresh", Title: titles("x"), Consent: &no}}, want: []string{"word"}},
		"a word that clients have":              {more: []Scope{{ID: "fresh", Title: titles("x")}}},
		"a new word":                            {more: []Scope{{ID: "new", Title: titles("x"), Claims: []string{"name"}}}},
	} {
		s, c := scope, claim
		s.Claims = slices.Clone(s.Claims)
		if test.scope != nil {
			test.scope(&s)
		}
		if test.claim != nil {
			test.claim(&c)
		}
		after := NewVocabulary(append(test.more, s), []Claim{c})
		touched := map[string]bool{}
		for _, change := range Changes(before, after) {
			for _, client := range []Client{holds, lists, other, word} {
				if change.Touches(client, after) {
					touched[client.ClientID] = true
				}
			}
		}
		if got := slices.Sorted(maps.Keys(touched)); !slices.Equal(got, test.want) {
			t.Errorf("%s: touches %v, want %v", name, got, test.want)
		}
	}
}

func TestWhatClaimsTell(t *testing.T) {
	born := time.Date(2026, 1, 1, 3, 0, 0, 0, time.UTC)
	person := Person{IAL: 2, Name: "张三", Mobile: "+8613800138000", IDType: "citizen_id", IDNumber: "11010519491231002X"}
	claims := []Claim{
		{ID: "real_name_masked", Source: "name", Mask: MaskPartial}, {ID: "born", Source: "birthdate"}, {ID: "born_year", Source: "birthdate", Mask: MaskPartial}, {ID: "adult", Source: "age_over_18"},
		{ID: "sure", Source: "name", IAL: 3}, {ID: "mailed", Source: "email"}, {ID: "known", Source: "ial", MaxIAL: 1},
	}
	var names []string
	for _, c := range claims {
		names = append(names, c.ID)
	}
	v := NewVocabulary([]Scope{{ID: "own", Claims: names}, {ID: "high", Claims: []string{"name"}, IAL: 3}}, claims)
	give := func(p Person, client Client, scopes string, wanted ...string) map[string]any {
		told := map[string]any{}
		v.Give(told, &p, client, strings.Fields(scopes), wanted, func() time.Time { return born })
		return told
	}
	all := Client{Scope: "openid own high profile"}
	if got, want := mustJSON(give(person, all, "openid own")), `{"adult":true,"born":"1949-12-31","born_year":"1949","ial":2,"known":1,"real_name_masked":"张*"}`; got != want {
		t.Errorf("told %s, want %s", got, want)
	}
	for name, told := range map[string]map[string]any{
		"no scope":                          give(person, all, "openid"),
		"a scope that wants a higher level": give(person, all, "openid high"),
		"a scope that the client lost":      give(person, Client{Scope: "openid"}, "openid own"),
		"a claim of a scope that it lost":   give(person, Client{Scope: "openid"}, "openid", "born"),
		"a claim of a higher level":         give(person, all, "openid", "sure"),
		"a level that it may not know":      give(Person{IAL: 3, Name: "张三"}, Client{Scope: "openid high", MaxIAL: 2}, "openid high"),
		"a claim that it may not have":      give(person, Client{Scope: "openid own", AllowedClaims: []AllowedClaim{{Claim: "ial"}}}, "openid own"),
	} {
		if len(told) != 1 || told["ial"] != 2 {
			t.Errorf("%s: told %v", name, told)
		}
	}
	if told := give(person, all, "openid", "born"); told["born"] != "1949-12-31" || len(told) != 2 {
		t.Errorf("told %v", told)
	}
	young := person
	young.IDNumber = "110105200801010023"
	if told := give(young, all, "own"); told["adult"] != nil { // its check character does not fit
		t.Errorf("told %v", told)
	}
	if told := give(Person{IAL: 1, IDType: "passport", IDNumber: "11010519491231002X", Name: "A"}, all, "own"); told["born"] != nil || told["adult"] != nil {
		t.Errorf("told of a passport: %v", told)
	}
	bounded := NewVocabulary(nil, []Claim{{ID: "ial", Source: "ial", MaxIAL: 1}})
	if bounded.ShownIAL(Client{}, 3) != 1 || bounded.ShownIAL(Client{MaxIAL: 2}, 0) != 0 {
		t.Error("the bound of the claim ial does not hold")
	}
}

// TestAdulthoodBeginsOnTheDayInChina: the eighteenth birthday in Beijing is still the day before in London.
func TestAdulthoodBeginsOnTheDayInChina(t *testing.T) {
	p := Person{IDType: "citizen_id", IDNumber: "11010519491231002X"}
	for moment, want := range map[time.Time]bool{time.Date(1967, 12, 30, 15, 59, 0, 0, time.UTC): false, time.Date(1967, 12, 30, 16, 0, 0, 0, time.UTC): true} {
		if got, ok := facts["age_over_18"].value(&p, false, func() time.Time { return moment }); !ok || got != want {
			t.Errorf("at %s: %v", moment, got)
		}
	}
}

func TestRegistrationsAreCheckedWithTheVocabulary(t *testing.T) {
	v := NewVocabulary([]Scope{{ID: "high", IAL: 2}, {ID: "open", Registration: true}, {ID: "closed"}}, nil)
	for name, test := range map[string]struct {
		client Client
		field  string
	}{
		"good":          {Client{Scope: "openid high", MaxIAL: 2}, ""},
		"no bound":      {Client{Scope: "openid high"}, ""},
		"a low bound":   {Client{Scope: "openid high", MaxIAL: 1}, "max_ial"},
		"unknown claim": {Client{AllowedClaims: []AllowedClaim{{Claim: "address", Purpose: "x"}}}, "allowed_claims.claim"},
	} {
		wantField(t, name, v.CheckClient(test.client), "", test.field)
	}
	for scope, want := range map[string]bool{"openid": true, "open": true, "closed": false, "licenses": false, "license_clerk": false, RoleSystemAdmin: false, "words.of.others": true} {
		if v.MayRegister(scope) != want {
			t.Errorf("%s: %t", scope, !want)
		}
	}
}

func BenchmarkGive(b *testing.B) {
	p := Person{IAL: 2, Name: "张三", Mobile: "+8613800138000", IDType: "citizen_id", IDNumber: "11010519491231002X"}
	client, scopes := Client{Scope: "openid profile phone"}, []string{"openid", "profile", "phone"}
	b.ReportAllocs()
	for b.Loop() {
		BuiltinVocabulary().Give(map[string]any{}, &p, client, scopes, nil, nil)
	}
}
