package forgery

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/reqctx"
)

// fieldsOf are the fields that a refusal names, with their codes.
func fieldsOf(err error) map[string]fault.Code {
	refusal, ok := errors.AsType[*fault.Fault](err)
	if !ok {
		return nil
	}
	all := map[string]fault.Code{}
	for _, f := range refusal.Fields {
		all[f.Name] = f.Code
	}
	return all
}

func TestReportsAreBounded(t *testing.T) {
	sm3 := strings.Repeat("0a", 32)
	for name, row := range map[string]struct {
		report Report
		field  string
		code   fault.Code
	}{
		"identifier alone":                  {Report{Identifier: "37030000000001"}, "", ""},
		"digest alone, as people copy it":   {Report{SM3: strings.ToUpper(sm3[:32]) + " " + sm3[32:]}, "", ""},
		"address alone":                     {Report{Address: "https://fake.example/x?y=1"}, "", ""},
		"file alone":                        {Report{File: []byte("x"), Send: true}, "", ""},
		"the longest texts":                 {Report{Identifier: strings.Repeat("号", MaxIdentifier), Where: strings.Repeat("处", MaxWhere), Contact: "13800138000"}, "", ""},
		"nothing":                           {Report{Where: "窗口"}, "identifier", fault.ForgerySubject},
		"no digest":                         {Report{SM3: sm3[1:]}, "sm3", fault.ForgerySubject},
		"long identifier":                   {Report{Identifier: strings.Repeat("x", MaxIdentifier+1)}, "identifier", fault.ForgerySubject},
		"identifier of two lines":           {Report{Identifier: "a\nb"}, "identifier", fault.ForgerySubject},
		"identifier with control character": {Report{Identifier: "a\x00b"}, "identifier", fault.ForgerySubject},
		"long description":                  {Report{SM3: sm3, Where: strings.Repeat("x", MaxWhere+1)}, "where", fault.ForgeryWhere},
		"text turned around":                {Report{SM3: sm3, Where: "a\u202eb"}, "where", fault.ForgeryWhere},
		"no text":                           {Report{SM3: sm3, Where: "\xff"}, "where", fault.ForgeryWhere},
		"script in the address":             {Report{Address: "javascript:alert(1)"}, "address", fault.ForgeryAddress},
		"address of another scheme":         {Report{Address: "ftp://a.example/x"}, "address", fault.ForgeryAddress},
		"address of a file":                 {Report{Address: "file:///etc/passwd"}, "address", fault.ForgeryAddress},
		"address without a host":            {Report{Address: "https://"}, "address", fault.ForgeryAddress},
		"address with blanks":               {Report{Address: "https://a.example/ b"}, "address", fault.ForgeryAddress},
		"long address":                      {Report{Address: "https://a.example/" + strings.Repeat("x", MaxAddress)}, "address", fault.ForgeryAddress},
		"no contact":                        {Report{SM3: sm3, Contact: "张三"}, "contact", fault.ForgeryContact},
		"file without the tick":             {Report{SM3: sm3, File: []byte("x")}, "file", fault.ForgeryFile},
		"tick without a file":               {Report{SM3: sm3, Send: true}, "file", fault.ForgeryFile},
		"large file":                        {Report{File: make([]byte, MaxFile+1), Send: true}, "file", fault.TooLarge},
	} {
		_, _, err := row.report.clean()
		if row.field == "" {
			if err != nil {
				t.Errorf("%s: %v %v", name, err, fieldsOf(err))
			}
			continue
		}
		if got := fieldsOf(err); fault.CodeOf(err) != fault.Invalid || len(got) != 1 || got[row.field] != row.code {
			t.Errorf("%s: %v %v, want %s at %s", name, err, got, row.code, row.field)
		}
	}
	if all := fieldsOf(func() error {
		_, _, err := Report{SM3: "x", Contact: "y", Address: "z", Where: "\x01"}.clean()
		return err
	}()); len(all) != 4 {
		t.Errorf("not all faults are told together: %v", all)
	}
	r, contact, err := Report{Code: "V2", Identifier: " 1 ", Contact: " 138 0013 8000 "}.clean()
	if err != nil || r.Code != "" || r.Identifier != "1" || contact == nil || contact.Value != "+8613800138000" {
		t.Errorf("%+v %v %v", r, contact, err)
	}
}

func TestHandedOverIsBounded(t *testing.T) {
	sm3 := strings.Repeat("0a", 32)
	if r := Handed("V20", "37030000000001", sm3); r.Code != "V20" || r.Identifier != "37030000000001" || r.SM3 != sm3 {
		t.Errorf("%+v", r)
	}
	if r := Handed("<b>", "a\nb", sm3+"0"); r.Code != "" || r.Identifier != "" || r.SM3 != "" {
		t.Errorf("%+v", r)
	}
}

func TestSameThingHasOneKey(t *testing.T) {
	file, other := Report{SM3: "aa", Identifier: "1"}, Report{SM3: "aa", Identifier: "2"}
	if file.key() != other.key() || (Report{Identifier: "x1"}).key() != (Report{Identifier: "X1", Address: "https://a.example"}).key() {
		t.Error("the same thing has two keys")
	}
	keys := []string{file.key(), Report{Identifier: "1"}.key(), Report{Identifier: "2"}.key(), Report{Address: "https://a.example"}.key(), Report{Address: "https://a.example/b"}.key()}
	slices.Sort(keys)
	if len(slices.Compact(keys)) != 5 {
		t.Errorf("different things share a key: %v", keys)
	}
}

func TestAFileBeatsWhatWasTold(t *testing.T) {
	at := time.Unix(1_800_000_000, 0)
	told := Case{ID: "fgc_1", State: Taken, TakenBy: "staff:a", Kind: License, Object: "lic_wrong", Department: "wrong", Area: "1/", Told: "V20", Count: 1}
	withFile := Case{Kind: Seal, Object: "seal_1", Identifier: "37030000000001", Department: "right", Area: "2/", Told: "V22", Own: "V20", File: "fgf_1", LastAt: at}
	got := told.join(withFile)
	if got.Count != 2 || got.File != "fgf_1" || got.Own != "V20" || got.Kind != Seal || got.Object != "seal_1" || got.Area != "2/" || got.Department != "right" || got.State != Received || got.TakenBy != "" || got.Told != "V20" || !got.LastAt.Equal(at) {
		t.Errorf("%+v", got)
	}
	if again := got.join(Case{Kind: License, Object: "lic_other", Own: "V22", File: "fgf_2"}); again.File != "fgf_1" || again.Object != "seal_1" || again.Own != "V20" || again.Count != 3 {
		t.Errorf("a second file takes a case over: %+v", again)
	}
	if plain := told.join(Case{Kind: Seal, Object: "seal_1", Area: "2/"}); plain.Object != "lic_wrong" || plain.State != Taken || plain.Count != 2 {
		t.Errorf("words take a case over: %+v", plain)
	}
	same := told.join(Case{Kind: License, Object: "lic_wrong", File: "fgf_1", Own: "V22"})
	if same.State != Taken || same.TakenBy != "staff:a" || same.Own != "V22" {
		t.Errorf("a file of the same licence sends its decider away: %+v", same)
	}
	if nowhere := told.join(Case{Kind: Unknown, File: "fgf_1", Own: "V24"}); nowhere.Object != "lic_wrong" || nowhere.Own != "V24" {
		t.Errorf("%+v", nowhere)
	}
}

func TestMarkChangesWithWhatIsDecided(t *testing.T) {
	c := Case{ID: "fgc_1", State: Taken, TakenBy: "staff:a", Kind: License, Object: "lic_1", Count: 1}
	more := c
	more.Count, more.Version, more.LastAt = 9, 9, time.Unix(9, 0)
	if c.Mark() != more.Mark() {
		t.Error("further reports change the mark")
	}
	for name, change := range map[string]func(*Case){"file": func(c *Case) { c.File = "f" }, "own": func(c *Case) { c.Own = "V20" }, "taker": func(c *Case) { c.TakenBy = "staff:b" }, "object": func(c *Case) { c.Object = "lic_2" }, "state": func(c *Case) { c.State = Received }} {
		other := c
		if change(&other); other.Mark() == c.Mark() {
			t.Errorf("%s does not change the mark", name)
		}
	}
}

func TestReceiptsAreReadAsPeopleTypeThem(t *testing.T) {
	given := newReceipt(strings.NewReader(strings.Repeat("\x5a\xc3", 8)))
	if len(given) != 29 || strings.Count(given, "-") != 5 {
		t.Fatalf("%q", given)
	}
	for _, typed := range []string{given, strings.ToLower(given), strings.ReplaceAll(given, "-", ""), " " + strings.ReplaceAll(given, "-", " ") + "\t"} {
		if readReceipt(typed) != readReceipt(given) || len(readReceipt(typed)) != receiptLength {
			t.Errorf("%q is read as %q", typed, readReceipt(typed))
		}
	}
	if readReceipt("oil-OIL") != "011011" {
		t.Errorf("%q", readReceipt("oil-OIL"))
	}
}

func TestOrdersSayWhatReportersRead(t *testing.T) {
	for name, row := range map[string]struct {
		order Order
		field string
		code  fault.Code
	}{
		"genuine":              {Order{Decision: Genuine, Words: "属实"}, "", ""},
		"forged":               {Order{Decision: Forged, Words: "伪造", Note: "x"}, "", ""},
		"not ours":             {Order{Decision: NotOurs, Words: "不是"}, "", ""},
		"duplicate":            {Order{Decision: Duplicate, DuplicateOf: "fgc_2"}, "", ""},
		"no decision":          {Order{Words: "x"}, "decision", fault.ForgeryDecision},
		"no such decision":     {Order{Decision: "maybe", Words: "x"}, "decision", fault.ForgeryDecision},
		"no words":             {Order{Decision: Forged, Words: " "}, "words", fault.ForgeryWords},
		"long words":           {Order{Decision: Forged, Words: strings.Repeat("字", MaxWords+1)}, "words", fault.ForgeryWords},
		"hidden words":         {Order{Decision: Forged, Words: "a\u2066b"}, "words", fault.ForgeryWords},
		"long note":            {Order{Decision: Forged, Words: "x", Note: strings.Repeat("字", MaxNote+1)}, "note", fault.ForgeryWords},
		"duplicate of nothing": {Order{Decision: Duplicate, Words: "x"}, "duplicate_of", fault.ForgeryDuplicate},
	} {
		_, err := row.order.clean()
		if got := fieldsOf(err); row.field == "" && err != nil || row.field != "" && (len(got) != 1 || got[row.field] != row.code) {
			t.Errorf("%s: %v %v", name, err, got)
		}
	}
	if o, err := (Order{Decision: Duplicate, DuplicateOf: "fgc_2", Words: "x"}).clean(); err != nil || o.Words != "" {
		t.Errorf("a duplicate has words of its own: %+v %v", o, err)
	}
}

// TestWhoSeesWhat: reviewers see their kind in their area; what no register knows is for those whose role holds everywhere.
func TestWhoSeesWhat(t *testing.T) {
	county := func(role string) reqctx.Actor {
		return reqctx.Actor{ID: "staff:a", Rights: []reqctx.Right{{Role: role, Area: "1/2/"}}}
	}
	everywhere := func(role string) reqctx.Actor {
		return reqctx.Actor{ID: "staff:a", Roles: []string{role}, Rights: reqctx.Everywhere(role)}
	}
	cases := map[string]Case{"licence here": {Kind: License, Area: "1/2/3/"}, "licence there": {Kind: License, Area: "1/3/"}, "seal here": {Kind: Seal, Area: "1/2/"}, "nowhere": {Kind: Unknown}, "licence of nobody": {Kind: License}}
	for name, row := range map[string]struct {
		actor reqctx.Actor
		sees  []string
	}{
		"licences of a county": {county(RoleLicenseReviewer), []string{"licence here"}},
		"seals of a county":    {county(RoleSealReviewer), []string{"seal here"}},
		"licences everywhere":  {everywhere(RoleLicenseReviewer), []string{"licence here", "licence there", "licence of nobody", "nowhere"}},
		"seals everywhere":     {everywhere(RoleSealReviewer), []string{"seal here", "nowhere"}},
		"another role":         {everywhere("license_issuer"), nil},
	} {
		ctx := reqctx.WithActor(t.Context(), row.actor)
		for what, c := range cases {
			_, err := c.in(ctx)
			if want := slices.Contains(row.sees, what); (err == nil) != want || err != nil && fault.CodeOf(err) != fault.NotFound {
				t.Errorf("%s, %s: %v", name, what, err)
			}
		}
		if _, err := scopes(ctx); (err == nil) != (row.sees != nil) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := (Case{}).in(t.Context()); fault.CodeOf(err) != fault.Unauthenticated {
		t.Error(err)
	}
	if _, err := scopes(t.Context()); fault.CodeOf(err) != fault.Unauthenticated {
		t.Error(err)
	}
}
