package proofing_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/idptest"
	"github.com/yinxin-gov/yinxin/idp/proofing"
	"github.com/yinxin-gov/yinxin/idp/proofing/sandbox"
	"github.com/yinxin-gov/yinxin/idp/subject"
	"github.com/yinxin-gov/yinxin/internal/fault"
)

// TestEveryKindOfDocumentIsProved walks the personas of the sandbox through the form.
func TestEveryKindOfDocumentIsProved(t *testing.T) {
	for _, p := range sandbox.Personas {
		w, twin, account := world(t)
		in := proofing.Submission{Kind: p.Kind, Name: p.Name, Number: p.Number, Nationality: p.Nationality, Birth: p.Birth, Expires: p.Expires, Wanted: 1}
		if p.Note == "a minor" { // below 14 a guardian does it, and nobody is asked about the child
			if _, err := w.Proofing.Submit(ctx, account, in); fault.CodeOf(err) != fault.ProofingGuardian || len(w.Source.Queries()) != 0 {
				t.Errorf("%s: %v, %d questions", p.Name, err, len(w.Source.Queries()))
			}
			continue
		}
		if level, err := w.Proofing.Submit(ctx, account, in); err != nil || level != 1 {
			t.Errorf("%s: %d %v", p.Name, level, err)
			continue
		}
		q := w.Source.Queries()[0]
		if q.IDType != p.Document() || q.IDNumber != p.Number || q.Nationality != p.Nationality || q.Birth != p.Birth || q.Expires != p.Expires {
			t.Errorf("%s: the source was asked %+v", p.Name, q)
		}
		person, err := w.Accounts.Person(ctx, account)
		if err != nil || person.IDType != p.Document() || person.IDNumber != p.Number || person.Nationality != p.Nationality || person.Birth != p.Birth || person.IDExpires != p.Expires {
			t.Errorf("%s: %+v %v", p.Name, person, err)
		}
		wantMethod := "document"
		if p.Kind == "" {
			wantMethod = "id_card"
		}
		if person.IALMethod != wantMethod {
			t.Errorf("%s: by %s", p.Name, person.IALMethod)
		}
		if holder, err := w.Accounts.ByDocument(ctx, idp.Identity{Type: p.Document(), Number: p.Number, Nationality: p.Nationality}); err != nil || holder != account {
			t.Errorf("%s: held by %q, %v", p.Name, holder, err)
		}
		notices := twin.Messages(idp.TopicExpiry)
		alone := len(notices) == 1 && strings.Contains(string(notices[0].Payload), `"alone":true`)
		if len(notices) != 1 || alone != (p.Expires == "") || !notices[0].NotBefore.Equal(person.IALUntil.Add(-30*24*time.Hour)) {
			t.Errorf("%s: notices %v, until %s", p.Name, notices, person.IALUntil)
		}
	}
}

// TestOneHolderOverReissues: what counts the issues of a document makes no other person.
func TestOneHolderOverReissues(t *testing.T) {
	w, _, account := world(t)
	other := w.Account(t, "13800138001", "").ID
	permit := proofing.Submission{Kind: subject.HKMacaoPermit, Name: "陈港生", Number: "H1234567801", Birth: "1988-01-01", Expires: "2035-12-31", Wanted: 1}
	if _, err := w.Proofing.Submit(ctx, account, permit); err != nil {
		t.Fatal(err)
	}
	permit.Number, permit.Expires = "h1234567802", "2045-12-31"
	if _, err := w.Proofing.Submit(ctx, other, permit); fault.CodeOf(err) != fault.IdentityBound {
		t.Errorf("a second account with the next issue: %v", err)
	}
	w.Clock.Advance(time.Second)
	if _, err := w.Proofing.Submit(ctx, account, permit); err != nil {
		t.Errorf("the holder with the next issue: %v", err)
	}
	if person, err := w.Accounts.Person(ctx, account); err != nil || person.IDNumber != "H1234567802" || person.IDExpires != "2045-12-31" {
		t.Errorf("%+v %v", person, err)
	}
}

func TestMachineReadableZoneFillsTheForm(t *testing.T) {
	const zone = "P<GBRERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<\nL898902C36GBR7408122F3404159ZE184226B<<<<<16"
	w, _, account := world(t)
	if _, err := w.Proofing.Submit(ctx, account, proofing.Submission{Kind: subject.Passport, MRZ: zone, Wanted: 1}); err != nil {
		t.Fatal(err)
	}
	if q := w.Source.Queries()[0]; q.Name != "ERIKSSON ANNA MARIA" || q.IDNumber != "L898902C3" || q.Nationality != "GBR" || q.Birth != "1974-08-12" || q.Expires != "2034-04-15" {
		t.Errorf("%+v", q)
	}
	for what, row := range map[string]struct {
		in   proofing.Submission
		code fault.Code
	}{
		"another number":      {proofing.Submission{MRZ: zone, Number: "L898902C4"}, fault.ProofingZoneDiffers},
		"another nationality": {proofing.Submission{MRZ: zone, Nationality: "FRA"}, fault.ProofingZoneDiffers},
		"another birth":       {proofing.Submission{MRZ: zone, Birth: "1974-08-13"}, fault.ProofingZoneDiffers},
		"another end":         {proofing.Submission{MRZ: zone, Expires: "2034-04-16"}, fault.ProofingZoneDiffers},
		"one line":            {proofing.Submission{MRZ: zone[:44]}, fault.ProofingZoneLines},
		"a wrong digit":       {proofing.Submission{MRZ: zone[:len(zone)-1] + "7"}, fault.ProofingZone},
	} {
		row.in.Kind, row.in.Wanted = subject.Passport, 1
		if _, err := w.Proofing.Submit(ctx, account, row.in); codeOfField(err, "proofing-mrz") != row.code {
			t.Errorf("%s: %v", what, err)
		}
	}
}

func codeOfField(err error, field string) fault.Code {
	if f, ok := errors.AsType[*fault.Fault](err); ok {
		for _, one := range f.Fields {
			if one.Name == field {
				return one.Code
			}
		}
	}
	return ""
}

func TestFaultsOfDocumentsNameWhatIsWrong(t *testing.T) {
	good := proofing.Submission{Kind: subject.Passport, Name: "TANAKA YUKI", Number: "TK1234567", Nationality: "JPN", Birth: "2001-03-03", Expires: "2035-12-31", Wanted: 1}
	card := proofing.Submission{Name: name, Number: number, Wanted: 1}
	for what, row := range map[string]struct {
		from   proofing.Submission
		change func(*proofing.Submission)
		field  string
		code   fault.Code
	}{
		"length":              {card, func(in *proofing.Submission) { in.Number = number[:17] }, "proofing-number", fault.ProofingNumberLength},
		"none":                {card, func(in *proofing.Submission) { in.Number = "" }, "proofing-number", fault.ProofingNumber},
		"check":               {card, func(in *proofing.Submission) { in.Number = number[:17] + "1" }, "proofing-number", fault.ProofingNumberCheck},
		"legacy":              {card, func(in *proofing.Submission) { in.Number = "110105491231002" }, "proofing-number", fault.ProofingNumberLegacy},
		"other kind":          {card, func(in *proofing.Submission) { in.Number = "810000198801010039" }, "proofing-number", fault.ProofingNumberKind},
		"radical":             {card, func(in *proofing.Submission) { in.Name = "⽟龙" }, "proofing-name", fault.ProofingNameLookalike},
		"old private code":    {card, func(in *proofing.Submission) { in.Name = "王\ue81e" }, "proofing-name", fault.ProofingNameLookalike},
		"private code":        {card, func(in *proofing.Submission) { in.Name = "王\ue000" }, "proofing-name", fault.ProofingNamePrivate},
		"invisible":           {card, func(in *proofing.Submission) { in.Name = "张\u200b三" }, "proofing-name", fault.ProofingNameInvisible},
		"mixed":               {card, func(in *proofing.Submission) { in.Name = "张Zhang" }, "proofing-name", fault.ProofingNameMixed},
		"digit":               {card, func(in *proofing.Submission) { in.Name = "张3" }, "proofing-name", fault.ProofingNameCharacter},
		"outside GB 18030":    {card, func(in *proofing.Submission) { in.Name = "\U00030000" }, "proofing-name", fault.ProofingNameOutside},
		"script":              {card, func(in *proofing.Submission) { in.Name = "ZHANG SAN" }, "proofing-name", fault.ProofingNameScript},
		"script of passports": {good, func(in *proofing.Submission) { in.Name = "田中" }, "proofing-name", fault.ProofingNameScript},
		"no name":             {good, func(in *proofing.Submission) { in.Name = " " }, "proofing-name", fault.ProofingName},
		"no nationality":      {good, func(in *proofing.Submission) { in.Nationality = "" }, "proofing-nationality", fault.ProofingNationality},
		"odd nationality":     {good, func(in *proofing.Submission) { in.Nationality = "QQQ" }, "proofing-nationality", fault.ProofingNationality},
		"no birth":            {good, func(in *proofing.Submission) { in.Birth = "" }, "proofing-birth", fault.ProofingBirth},
		"birth to come":       {good, func(in *proofing.Submission) { in.Birth = "2026-11-25" }, "proofing-birth", fault.ProofingBirth},
		"no end":              {good, func(in *proofing.Submission) { in.Expires = "" }, "proofing-expires", fault.ProofingExpiry},
		"odd end":             {good, func(in *proofing.Submission) { in.Expires = "长期" }, "proofing-expires", fault.ProofingExpiry},
		"expired":             {good, func(in *proofing.Submission) { in.Expires = "2026-11-23" }, "proofing-expires", fault.ProofingExpired},
		"of HKG":              {good, func(in *proofing.Submission) { in.Nationality = "HKG" }, "proofing-number", fault.ProofingNumberKind},
	} {
		w, _, account := world(t)
		in := row.from
		row.change(&in)
		if _, err := w.Proofing.Submit(ctx, account, in); codeOfField(err, row.field) != row.code || fault.CodeOf(err) != fault.Invalid {
			t.Errorf("%s: %v %+v", what, err, fault.From(err).Fields)
		}
		if len(w.Source.Queries()) != 0 {
			t.Errorf("%s: the source was asked", what)
		}
	}
	w, _, account := world(t)
	good.Expires = "2026-11-24" // the last day counts
	if _, err := w.Proofing.Submit(ctx, account, good); err != nil {
		t.Errorf("on the last day: %v", err)
	}
}

func TestKindWithoutASourceIsForTheCounter(t *testing.T) {
	w, _, account := world(t)
	w.Source.Unknown = map[string]bool{subject.TaiwanPermit: true}
	in := proofing.Submission{Kind: subject.TaiwanPermit, Name: "林台新", Number: "12345678", Birth: "1979-02-28", Expires: "2035-12-31", Wanted: 1}
	for _, kind := range []string{subject.TaiwanPermit, "library_card"} {
		in.Kind = kind
		if _, err := w.Proofing.Submit(ctx, account, in); fault.CodeOf(err) != fault.ProofingKind {
			t.Errorf("%s: %v", kind, err)
		}
	}
	if w.Proofing.Answered(subject.TaiwanPermit) || !w.Proofing.Answered(subject.Passport) || len(w.Source.Queries()) != 0 {
		t.Error("which kinds are answered")
	}
}

func TestLevelEndsWithTheDocument(t *testing.T) {
	w, twin, account := world(t)
	in := proofing.Submission{Kind: subject.Passport, Name: "TANAKA YUKI", Number: "TK1234567", Nationality: "JPN", Birth: "2001-03-03", Expires: "2027-03-01", Wanted: 1}
	if _, err := w.Proofing.Submit(ctx, account, in); err != nil {
		t.Fatal(err)
	}
	ends := time.Date(2027, 3, 1, 16, 0, 0, 0, time.UTC) // the end of the day in China
	notices := twin.Messages(idp.TopicExpiry)
	if len(notices) != 1 || !notices[0].NotBefore.Equal(ends.AddDate(0, 0, -30)) {
		t.Fatalf("notices %+v", notices)
	}
	w.Clock.Advance(notices[0].NotBefore.Sub(idptest.Start))
	if notice, matters, err := w.Accounts.Expiring(ctx, notices[0].Payload); err != nil || !matters || notice.AccountID != account || !notice.Ends.Equal(ends) {
		t.Errorf("%+v %v %v", notice, matters, err)
	}
	w.Clock.Advance(ends.Add(-time.Second).Sub(w.Clock.Now()))
	if got := level(t, w, account); got != 1 {
		t.Errorf("level %d in the last second", got)
	}
	w.Clock.Advance(time.Second)
	if got := level(t, w, account); got != 0 {
		t.Errorf("level %d after the end", got)
	}
	if _, matters, err := w.Accounts.Expiring(ctx, notices[0].Payload); err != nil || matters {
		t.Errorf("a notice after the end matters: %v", err)
	}
	in.Expires = "2037-03-01"
	if _, err := w.Proofing.Submit(ctx, account, in); err != nil {
		t.Error(err)
	}
	if got := level(t, w, account); got != 1 {
		t.Errorf("level %d with the new document", got)
	}
}

func TestNoticeIsNotSentAfterANewerProof(t *testing.T) {
	w, twin, account := world(t)
	in := proofing.Submission{Kind: subject.Passport, Name: "TANAKA YUKI", Number: "TK1234567", Nationality: "JPN", Birth: "2001-03-03", Expires: "2027-03-01", Wanted: 1}
	for _, expires := range []string{"2027-03-01", "2036-03-01"} {
		in.Expires = expires
		w.Clock.Advance(time.Minute)
		if _, err := w.Proofing.Submit(ctx, account, in); err != nil {
			t.Fatal(err)
		}
	}
	notices := twin.Messages(idp.TopicExpiry)
	if len(notices) != 2 {
		t.Fatal(notices)
	}
	w.Clock.Advance(notices[0].NotBefore.Sub(w.Clock.Now()))
	if _, matters, err := w.Accounts.Expiring(ctx, notices[0].Payload); err != nil || matters {
		t.Errorf("the old notice matters: %v", err)
	}
	w.Clock.Advance(notices[1].NotBefore.Sub(w.Clock.Now()))
	if _, matters, err := w.Accounts.Expiring(ctx, notices[1].Payload); err != nil || !matters {
		t.Errorf("the newer notice does not matter: %v", err)
	}
}
