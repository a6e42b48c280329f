package idp

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/internal/fault"
)

func passes(claim, purpose, law string) PassedClaim {
	return PassedClaim{Claim: claim, Purpose: purpose, LegalBasis: law, RetentionDays: 30}
}

// oneMatter is a client that passes claims on to a fund by consent, and to the tax office by law and by consent.
func oneMatter() Client {
	return Client{ClientID: "matter", ClientName: "一件事", Department: "dept-hall", Purpose: "开办企业", Scope: "openid profile phone", Recipients: []Recipient{
		{Department: "dept-fund", Name: "公积金中心", Claims: []PassedClaim{passes("name", "开户", ""), passes("phone_number", "通知", "")}},
		{Department: "dept-tax", Name: "税务局", Claims: []PassedClaim{passes("name", "税务登记", "《示例条例》第二条"), passes("phone_number", "联系", "")}},
	}}
}

func TestRecipientsAreChecked(t *testing.T) {
	for name, test := range map[string]struct {
		change func(*Client)
		field  string
	}{
		"good":                {func(*Client) {}, ""},
		"no department":       {func(c *Client) { c.Recipients[0].Department = "" }, "recipients.department"},
		"a blank":             {func(c *Client) { c.Recipients[0].Department = "a b" }, "recipients.department"},
		"a stroke":            {func(c *Client) { c.Recipients[0].Department = "a/b" }, "recipients.department"},
		"itself":              {func(c *Client) { c.Recipients[0].Department = c.Department }, "recipients.department"},
		"twice":               {func(c *Client) { c.Recipients[0].Department = "dept-tax" }, "recipients.department"},
		"not in the tree":     {func(c *Client) { c.Recipients[0].Department = "dept-other" }, "recipients.department"},
		"no claims":           {func(c *Client) { c.Recipients[0].Claims = nil }, "recipients.claims"},
		"a claim twice":       {func(c *Client) { c.Recipients[0].Claims[0].Claim = "phone_number" }, "recipients.claims.claim"},
		"no name of a claim":  {func(c *Client) { c.Recipients[0].Claims[0].Claim = "Name" }, "recipients.claims.claim"},
		"an unknown claim":    {func(c *Client) { c.Recipients[0].Claims[0].Claim = "salary" }, "recipients.claims.claim"},
		"that it is verified": {func(c *Client) { c.Recipients[0].Claims[0].Claim = "phone_number_verified" }, "recipients.claims.claim"},
		"no scope opens it":   {func(c *Client) { c.Recipients[0].Claims[0].Claim = "email" }, "recipients.claims.claim"},
		"not allowed itself":  {func(c *Client) { c.AllowedClaims = []AllowedClaim{{Claim: "phone_number", Purpose: "x"}} }, "recipients.claims.claim"},
		"no purpose":          {func(c *Client) { c.Recipients[0].Claims[0].Purpose = "" }, "recipients.claims.purpose"},
		"a long purpose":      {func(c *Client) { c.Recipients[0].Claims[0].Purpose = strings.Repeat("用", 201) }, "recipients.claims.purpose"},
		"a long law":          {func(c *Client) { c.Recipients[0].Claims[0].LegalBasis = strings.Repeat("法", 201) }, "recipients.claims.legal_basis"},
		"no retention":        {func(c *Client) { c.Recipients[0].Claims[0].RetentionDays = 0 }, "recipients.claims.retention_days"},
		"for ever":            {func(c *Client) { c.Recipients[0].Claims[0].RetentionDays = 36_501 }, "recipients.claims.retention_days"},
		"too many":            {func(c *Client) { c.Recipients = make([]Recipient, 21) }, "recipients"},
	} {
		clients := NewClients(nil, nil, time.Now)
		live := &LiveVocabulary{}
		live.Swap(BuiltinVocabulary())
		clients.CheckWords(live)
		clients.CheckDepartments(func(_ context.Context, id string) (string, error) {
			return map[string]string{"dept-fund": "示例市公积金中心", "dept-tax": "示例市税务局", "dept-hall": "示例市政务服务局"}[id], nil
		})
		c := oneMatter()
		c.RedirectURIs = []string{"https://matter.example.gov.cn/cb"}
		test.change(&c)
		err := clients.judge(t.Context(), &c)
		f, _ := errors.AsType[*fault.Fault](err)
		switch {
		case test.field == "" && (err != nil || c.Recipients[0].Name != "示例市公积金中心"):
			t.Errorf("%s: %v, %+v", name, err, c.Recipients)
		case test.field != "" && (f == nil || f.Code != fault.ClientMetadata || f.Params["field"] != test.field):
			t.Errorf("%s: %v", name, err)
		}
	}
	alone, c := NewClients(nil, nil, time.Now), oneMatter()
	if err := alone.nameRecipients(t.Context(), &c); fault.CodeOf(err) != fault.ClientMetadata {
		t.Errorf("without a tree: %v", err)
	}
}

// TestEveryWrongRecipientIsNamed: a form marks all inputs at once, each with words of its own.
func TestEveryWrongRecipientIsNamed(t *testing.T) {
	at := func(err error) (all []string) {
		f, _ := errors.AsType[*fault.Fault](err)
		if f == nil || f.Code != fault.ClientMetadata {
			t.Fatalf("%v", err)
		}
		for _, one := range f.Fields {
			all = append(all, one.Name+" "+string(one.Code))
		}
		return all
	}
	c := oneMatter()
	c.Recipients[0].Department = "a b"
	c.Recipients[0].Claims[0].Claim, c.Recipients[0].Claims[0].Purpose, c.Recipients[0].Claims[1].Purpose = "", "", ""
	c.Recipients[1].Department = c.Department
	c.Recipients[1].Claims[1].Claim = "name"
	c.Recipients[1].Claims[0].LegalBasis, c.Recipients[1].Claims[1].RetentionDays = strings.Repeat("法", 201), 0
	c.Recipients = append(c.Recipients, Recipient{Department: "dept-x"}, Recipient{Department: "dept-x", Claims: []PassedClaim{passes("name", "x", "")}})
	want := []string{"recipients[0].department " + string(fault.RecipientDepartment), "recipients[0].claims[0].claim " + string(fault.RecipientClaims),
		"recipients[0].claims[0].purpose " + string(fault.RecipientPurpose), "recipients[0].claims[1].purpose " + string(fault.RecipientPurpose),
		"recipients[1].department " + string(fault.RecipientItself), "recipients[1].claims[0].legal_basis " + string(fault.RecipientBasis),
		"recipients[1].claims[1].claim " + string(fault.RecipientTwice), "recipients[1].claims[1].retention_days " + string(fault.RecipientRetention),
		"recipients[2].claims " + string(fault.RecipientClaims), "recipients[3].department " + string(fault.RecipientTwice)}
	if got := at(c.normalizeRecipients()); !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	c = oneMatter()
	c.Recipients[0].Claims[0].Claim, c.Recipients[1].Claims[1].Claim = "salary", "phone_number_verified"
	want = []string{"recipients[0].claims[0].claim " + string(fault.RecipientClaim), "recipients[1].claims[1].claim " + string(fault.RecipientClaim)}
	if got := at(BuiltinVocabulary().checkRecipients(c)); !slices.Equal(got, want) {
		t.Errorf("the vocabulary says %v", got)
	}
	if got := at(NewClients(nil, nil, time.Now).nameRecipients(t.Context(), &c)); len(got) != 2 || got[1] != "recipients[1].department "+string(fault.RecipientDepartment) {
		t.Errorf("the tree says %v", got)
	}
	c.Recipients = make([]Recipient, 21)
	if got := at(c.normalizeRecipients()); !slices.Equal(got, []string{"recipients " + string(fault.RecipientsMany)}) {
		t.Errorf("too many: %v", got)
	}
}

// told are the claims that the client is told in these tests.
var told = []string{"sub", "name", "phone_number", "ial"}

func lines(passed []Passed) (all []string) {
	for _, p := range passed {
		all = append(all, p.Department+" "+strings.Join(p.Claims, ","))
	}
	return all
}

func agreement(c Consent) Agreement {
	return Agreement{Version: c.Version, Withheld: c.Withheld, Terms: RecipientTerms(c.Terms.Text())}
}

// TestEachRecipientIsAnsweredByItself: what a law gives is not asked; what was refused, was not shown or changed since is not given.
func TestEachRecipientIsAnsweredByItself(t *testing.T) {
	words, client := BuiltinVocabulary(), oneMatter()
	asked := words.TermsOf(client, told)
	all, none := Consent{Version: 1}.Widened(nil, asked, nil), Consent{Version: 1}.Widened(nil, asked, []string{WithheldItem("dept-fund"), WithheldItem("dept-tax")})
	other := oneMatter()
	other.Recipients[0].Claims[0].Purpose = "统计"
	longer := oneMatter()
	longer.Recipients[0].Claims[0].RetentionDays = 31
	law := oneMatter()
	law.Recipients[1].Claims[0].LegalBasis = "" // from law to consent: the person was never asked
	narrow := Consent{Version: 1}.Widened(nil, words.TermsOf(client, []string{"name"}), nil)
	for name, test := range map[string]struct {
		client Client
		agreed Consent
		told   []string
		want   []string
	}{
		"all allowed":             {client, all, told, []string{"dept-fund name,phone_number", "dept-tax name,phone_number"}},
		"all refused":             {client, none, told, []string{"dept-tax name"}},
		"one refused":             {client, Consent{Version: 1}.Widened(nil, asked, []string{WithheldItem("dept-fund")}), told, []string{"dept-tax name,phone_number"}},
		"never asked":             {client, Consent{}, told, []string{"dept-tax name"}},
		"another purpose":         {other, all, told, []string{"dept-fund phone_number", "dept-tax name,phone_number"}},
		"kept for longer":         {longer, all, told, []string{"dept-fund phone_number", "dept-tax name,phone_number"}},
		"no law any more":         {law, all, told, []string{"dept-fund name,phone_number", "dept-tax phone_number"}},
		"asked for less":          {client, narrow, told, []string{"dept-fund name", "dept-tax name"}},
		"the client is told less": {client, all, []string{"sub", "phone_number"}, []string{"dept-fund phone_number", "dept-tax phone_number"}},
		"a client without any":    {Client{Scope: "openid profile"}, all, told, nil},
	} {
		if got := lines(test.client.PassedOn(agreement(test.agreed), test.told)); !slices.Equal(got, test.want) {
			t.Errorf("%s: %v, want %v", name, got, test.want)
		}
	}
	if passed := client.PassedOn(Agreement{Terms: "{"}, told); !slices.Equal(lines(passed), []string{"dept-tax name"}) {
		t.Errorf("terms that cannot be read allow %v", passed)
	}
	if passed := client.PassedOn(agreement(all), nil); passed == nil || len(passed) != 0 {
		t.Errorf("a client that is told nothing is told %v", passed)
	}
}

// TestLaterVisitsAskWhenRecipientsGrow: one more, a claim more, another purpose; and not when something is left out.
func TestLaterVisitsAskWhenRecipientsGrow(t *testing.T) {
	words, client := BuiltinVocabulary(), oneMatter()
	agreed := Consent{Version: 1}.Widened(nil, words.TermsOf(client, told), []string{WithheldItem("dept-fund")})
	grown, fewer, changed := oneMatter(), oneMatter(), oneMatter()
	grown.Recipients = append(grown.Recipients, Recipient{Department: "dept-new", Claims: []PassedClaim{passes("name", "x", "")}})
	fewer.Recipients = fewer.Recipients[:1]
	changed.Recipients[1].Claims[1].Purpose = "统计"
	byLaw := oneMatter()
	byLaw.Recipients[1].Claims = append(byLaw.Recipients[1].Claims, passes("ial", "核对", "《示例条例》第三条"))
	for name, test := range map[string]struct {
		client Client
		covers bool
	}{"the same": {client, true}, "fewer": {fewer, true}, "one more": {grown, false}, "another purpose": {changed, false}, "one more by law": {byLaw, false}} {
		if got := agreed.Covers(words.TermsOf(test.client, told), nil); got != test.covers {
			t.Errorf("%s: covers %v", name, got)
		}
	}
	before := Consent{Version: 1, Scopes: []string{"profile"}} // of a release that kept no terms
	if before.Covers(words.TermsOf(client, told), nil) || !before.Covers(words.TermsOf(Client{Scope: client.Scope}, told), nil) {
		t.Error("a consent without terms covers what is passed on, or nothing at all")
	}
}

// TestWhatWasRefusedIsNotAllowedByLess: who refused a recipient two claims and then allows it one allowed one.
func TestWhatWasRefusedIsNotAllowedByLess(t *testing.T) {
	words, client := BuiltinVocabulary(), oneMatter()
	refused := Consent{Version: 1}.Widened(nil, words.TermsOf(client, told), []string{WithheldItem("dept-fund"), "phone_number"})
	less := refused.Widened(nil, words.TermsOf(client, []string{"name"}), nil)
	if slices.Contains(less.Withheld, WithheldItem("dept-fund")) || !slices.Contains(less.Withheld, "phone_number") {
		t.Fatalf("withheld %v", less.Withheld)
	}
	if got := lines(client.PassedOn(agreement(less), told)); !slices.Equal(got, []string{"dept-fund name", "dept-tax name,phone_number"}) {
		t.Errorf("passed on: %v", got)
	}
	if less.Covers(words.TermsOf(client, told), nil) {
		t.Error("the claim that was refused is not asked again")
	}
}

// TestRecipientsHaveLinesOfTheirOwn: the ledger names the department, what it gets and what for, on its own basis.
func TestRecipientsHaveLinesOfTheirOwn(t *testing.T) {
	words, client := BuiltinVocabulary(), oneMatter()
	agreed := Consent{Version: 1}.Widened(nil, words.TermsOf(client, told), nil)
	agreed.Version = 4
	at := time.Date(2026, 11, 26, 2, 0, 0, 0, time.UTC)
	all := words.Releases(Told{Client: client, AccountID: "acc_1", GrantID: "g", Channel: ChannelUserinfo, Claims: told, Consent: 4, Mandate: "mdt_1", Passed: client.PassedOn(agreement(agreed), told)}, at)
	if len(all) != 3 || all[0].Channel != ChannelUserinfo || all[0].Department != "dept-hall" {
		t.Fatalf("%+v", all)
	}
	fund, tax := all[1], all[2]
	if fund.Channel != ChannelPassed || fund.Department != "公积金中心" || fund.Purpose != "开户；通知" || fund.Basis.Consent != 4 || len(fund.Basis.Statutes) != 0 || fund.Basis.Mandate != "mdt_1" || fund.AccountID != "acc_1" || fund.ClientID != "matter" {
		t.Errorf("the fund: %+v", fund)
	}
	if tax.Basis.Consent != 4 || !slices.Equal(tax.Basis.Statutes, []string{"《示例条例》第二条"}) || fund.ID == tax.ID || fund.ID == all[0].ID {
		t.Errorf("the tax office: %+v", tax)
	}
	if again := words.Releases(Told{Client: client, AccountID: "acc_1", GrantID: "g", Channel: ChannelToken, Claims: told, Consent: 4, Mandate: "mdt_1", Passed: client.PassedOn(agreement(agreed), told)}, at.Add(time.Hour)); again[1].ID != fund.ID {
		t.Error("the same day counts on two lines")
	}
}
