package proofing_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/idptest"
	"github.com/yinxin-gov/yinxin/idp/proofing"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/ident"
	"github.com/yinxin-gov/yinxin/keys/pki"
)

const (
	uscc        = "91999900MA0000015N"
	company     = "示例市青禾商贸有限公司"
	bankAccount = "9999 0000 1234 5678"
)

type companies struct{ shown proofing.Certified }

func (c *companies) Organisation(*pki.Certificate) (proofing.Certified, error) { return c.shown, nil }

// organisation is a world with an organisation of the first level, a bank and certificates.
func organisation(t *testing.T) (w *idptest.World, twin *idptest.Twin, id string, bank *service, reads *companies) {
	t.Helper()
	w, twin, id = world(t)
	bank, reads = &service{answer: proofing.Answer{Verdict: proofing.Ordered, Digest: "d"}}, &companies{proofing.Certified{Name: company, Number: uscc, Issuer: "CN=CA", Serial: "1", Ceiling: 4, Until: idptest.Start.AddDate(1, 0, 0)}}
	w.Proofing = proofing.New(proofing.Config{Accounts: w.Accounts, Store: twin, Now: w.Clock.Now, Rand: ident.System(), Organisations: reads,
		Methods: []proofing.Method{{Word: proofing.OrganisationTransfer, Source: bank}}})
	if err := w.Accounts.ProveIdentity(ctx, id, idp.Proof{IAL: 1, Method: "organisation_register", Source: "register", At: idptest.Start}, idp.Identity{Name: company, Type: "unified_social_credit_code", Number: uscc}); err != nil {
		t.Fatal(err)
	}
	return w, twin, id, bank, reads
}

func yuan(fen int) string { return fmt.Sprintf("%d.%02d", fen/100, fen%100) }

func TestTransferRaisesTheLevelOfAnOrganisation(t *testing.T) {
	w, twin, id, bank, _ := organisation(t)
	if err := w.Proofing.OrderTransfer(ctx, id, bankAccount); err != nil {
		t.Fatal(err)
	}
	asked := bank.asked[0]
	if asked.Name != company || asked.IDNumber != uscc || asked.Transfer.Account != "9999000012345678" || asked.Transfer.Fen < 11 || asked.Transfer.Fen > 999 {
		t.Fatalf("%+v %+v", asked, asked.Transfer)
	}
	ways, err := w.Proofing.OrganisationWays(ctx, id)
	if err != nil || !ways.Sent || ways.Waiting || ways.Transfer != 2 || ways.Certificate != 4 {
		t.Errorf("%+v %v", ways, err)
	}
	if err := w.Proofing.OrderTransfer(ctx, id, bankAccount); fault.CodeOf(err) != fault.TransferOpen {
		t.Errorf("a second one meanwhile: %v", err)
	}
	if got, err := w.Proofing.ConfirmTransfer(ctx, id, yuan(asked.Transfer.Fen)); err != nil || got != 2 || level(t, w, id) != 2 {
		t.Fatalf("%d %v", got, err)
	}
	if proof := twin.Proofs(id)[1]; proof.Method != proofing.OrganisationTransfer || proof.Source != "outside" || len(proof.Evidence) != 64 {
		t.Errorf("%+v", proof)
	}
	if _, err := w.Proofing.ConfirmTransfer(ctx, id, yuan(asked.Transfer.Fen)); fault.CodeOf(err) != fault.TransferNone {
		t.Errorf("the amount works once: %v", err)
	}
	for _, kept := range []any{twin.Records(), twin.Cases(), twin.Proofs(id)} {
		if text := fmt.Sprintf("%+v", kept); strings.Contains(text, "9999000012345678") || strings.Contains(text, uscc) {
			t.Errorf("the account or the code stands in %s", text)
		}
	}
	if c := twin.Cases()[0]; c.State != proofing.Granted || len(c.Sealed) != 0 {
		t.Errorf("%+v", c)
	}
}

func TestTransferHasThreeTries(t *testing.T) {
	w, twin, id, bank, _ := organisation(t)
	if err := w.Proofing.OrderTransfer(ctx, id, bankAccount); err != nil {
		t.Fatal(err)
	}
	right := bank.asked[0].Transfer.Fen
	wrong := yuan(right + 1)
	if _, err := w.Proofing.ConfirmTransfer(ctx, id, "abc"); fault.CodeOf(err) != fault.TransferAmount {
		t.Errorf("what is no amount: %v", err)
	}
	for i, want := range []fault.Code{fault.TransferAmount, fault.TransferAmount, fault.TransferVoid, fault.TransferNone} {
		if _, err := w.Proofing.ConfirmTransfer(ctx, id, wrong); fault.CodeOf(err) != want {
			t.Errorf("wrong try %d: %v, want %s", i+1, err, want)
		}
	}
	if _, err := w.Proofing.ConfirmTransfer(ctx, id, yuan(right)); fault.CodeOf(err) != fault.TransferNone || level(t, w, id) != 1 {
		t.Errorf("the right amount after three wrong ones: %v", err)
	}
	if c := twin.Cases()[0]; c.State != proofing.Rejected || len(c.Sealed) != 0 {
		t.Errorf("%+v", c)
	}
	for i := 2; i <= proofing.TransfersPerDay; i++ {
		bank.answer.Verdict = proofing.AccountMismatch
		if err := w.Proofing.OrderTransfer(ctx, id, bankAccount); fault.CodeOf(err) != fault.TransferMismatch {
			t.Errorf("order %d: %v", i, err)
		}
	}
	if err := w.Proofing.OrderTransfer(ctx, id, bankAccount); fault.CodeOf(err) != fault.ProofingTooOften {
		t.Errorf("a fourth order of the day: %v", err)
	}
}

// TestTransferIsVoidWhereItCouldNotBeClosed: the count of tries holds also when the change that closes the case was lost.
func TestTransferIsVoidWhereItCouldNotBeClosed(t *testing.T) {
	twin := idptest.NewTwin()
	faulty := &idptest.Faulty{Store: twin}
	w := idptest.NewWorld(t, faulty)
	id, bank := w.Account(t, mobile, "").ID, &service{answer: proofing.Answer{Verdict: proofing.Ordered, Digest: "d"}}
	policy := proofing.DefaultPolicy()
	w.Proofing = proofing.New(proofing.Config{Accounts: w.Accounts, Store: faulty, Now: w.Clock.Now, Rand: ident.System(), Methods: []proofing.Method{{Word: proofing.OrganisationTransfer, Source: bank}}, Policy: func() []proofing.Level { return policy }})
	if err := w.Accounts.ProveIdentity(ctx, id, idp.Proof{IAL: 1, Method: "organisation_register", Source: "register", At: idptest.Start}, idp.Identity{Name: company, Type: "unified_social_credit_code", Number: uscc}); err != nil {
		t.Fatal(err)
	}
	if err := w.Proofing.OrderTransfer(ctx, id, bankAccount); err != nil {
		t.Fatal(err)
	}
	right := bank.asked[0].Transfer.Fen
	policy = proofing.With(policy, proofing.Level{Method: proofing.OrganisationTransfer, IAL: 1})
	if _, err := w.Proofing.ConfirmTransfer(ctx, id, yuan(right)); fault.CodeOf(err) != fault.TransferNone {
		t.Errorf("the policy changed meanwhile: %v", err)
	}
	policy = proofing.DefaultPolicy()
	faulty.FailBefore = func(_ int, name string) bool { return name == "set case state" }
	for range proofing.TransferTries {
		w.Proofing.ConfirmTransfer(ctx, id, yuan(right+1))
	}
	faulty.FailBefore = nil
	if _, err := w.Proofing.ConfirmTransfer(ctx, id, yuan(right)); fault.CodeOf(err) != fault.TransferVoid || level(t, w, id) != 1 {
		t.Errorf("a fourth try: %v", err)
	}
}

// TestX08SilentBankQueuesTheTransfer: an order that the bank did not answer is given again with the same amount, and is never a mismatch.
func TestX08SilentBankQueuesTheTransfer(t *testing.T) {
	w, twin, id, bank, _ := organisation(t)
	bank.err = proofing.ErrSilent
	if err := w.Proofing.OrderTransfer(ctx, id, bankAccount); fault.CodeOf(err) != fault.ProofingSilent {
		t.Fatalf("%v", err)
	}
	if ways, err := w.Proofing.OrganisationWays(ctx, id); err != nil || !ways.Waiting || ways.Sent {
		t.Errorf("%+v %v", ways, err)
	}
	if _, err := w.Proofing.ConfirmTransfer(ctx, id, "1.23"); fault.CodeOf(err) != fault.TransferNone {
		t.Errorf("an amount before it was sent: %v", err)
	}
	payload, _ := json.Marshal(map[string]string{"case": twin.Cases()[0].ID})
	bank.err = nil
	if err := w.Proofing.Retry(ctx, payload); err != nil {
		t.Fatal(err)
	}
	if bank.asked[0].RequestID != bank.asked[1].RequestID || *bank.asked[0].Transfer != *bank.asked[1].Transfer {
		t.Errorf("another order: %+v", bank.asked)
	}
	if err := w.Proofing.Retry(ctx, payload); err != nil || len(bank.asked) != 2 {
		t.Errorf("an order that was taken is given again: %v", err)
	}
	if got, err := w.Proofing.ConfirmTransfer(ctx, id, yuan(bank.asked[0].Transfer.Fen)); err != nil || got != 2 {
		t.Errorf("%d %v", got, err)
	}
}

func TestTransferEndsAfterSevenDays(t *testing.T) {
	w, twin, id, bank, _ := organisation(t)
	if err := w.Proofing.OrderTransfer(ctx, id, bankAccount); err != nil {
		t.Fatal(err)
	}
	w.Clock.Advance(proofing.TransferLife)
	if _, err := w.Proofing.ConfirmTransfer(ctx, id, yuan(bank.asked[0].Transfer.Fen)); fault.CodeOf(err) != fault.TransferNone || level(t, w, id) != 1 {
		t.Errorf("too late: %v", err)
	}
	payload, _ := json.Marshal(map[string]string{"case": twin.Cases()[0].ID})
	if err := w.Proofing.Retry(ctx, payload); err != nil {
		t.Fatal(err)
	}
	if c := twin.Cases()[0]; c.State != proofing.Rejected || len(c.Sealed) != 0 || !slices.Contains(twin.Events(), "proofing.transfer_expired") {
		t.Errorf("%+v", c)
	}
}

func TestTransferIsForOrganisationsAlone(t *testing.T) {
	w, _, id, bank, _ := organisation(t)
	person := w.Account(t, "13900139000", "").ID
	if err := w.Accounts.ProveIdentity(ctx, person, idp.Proof{IAL: 1, Method: "id_card", Source: "register", At: idptest.Start}, idp.Identity{Name: name, Type: "citizen_id", Number: number}); err != nil {
		t.Fatal(err)
	}
	if err := w.Proofing.OrderTransfer(ctx, person, bankAccount); fault.CodeOf(err) != fault.NotFound {
		t.Errorf("a person: %v", err)
	}
	if _, err := w.Proofing.CertifyOrganisation(ctx, person, proofing.Shown{Evidence: "e", Authority: "a0"}); fault.CodeOf(err) != fault.NotFound {
		t.Errorf("a person's account by an organisation's certificate: %v", err)
	}
	if err := w.Proofing.OrderTransfer(ctx, id, "12 34"); fault.CodeOf(err) != fault.TransferAccount || len(bank.asked) != 0 {
		t.Errorf("no account number: %v", err)
	}
	if _, err := w.Proofing.Submit(ctx, person, proofing.Submission{Method: proofing.OrganisationTransfer, Name: name, Number: number}); fault.CodeOf(err) != fault.NotFound {
		t.Errorf("as a way of a person: %v", err)
	}
	if got := w.Proofing.Highest(); got > 2 {
		t.Errorf("ways of organisations count for people: %d", got)
	}
}

func TestCertificateOfAnOrganisation(t *testing.T) {
	for what, c := range map[string]struct {
		change func(c *proofing.Certified)
		want   fault.Code
	}{
		"its own":             {func(*proofing.Certified) {}, ""},
		"in other widths":     {func(c *proofing.Certified) { c.Name = " 示例市青禾商贸 有限公司" }, ""},
		"another name":        {func(c *proofing.Certified) { c.Name = "别家有限公司" }, fault.ProofingCertificateOther},
		"another code":        {func(c *proofing.Certified) { c.Number = "91999900MA0000023H" }, fault.ProofingCertificateOther},
		"a code that is none": {func(c *proofing.Certified) { c.Number = "91999900MA0000015X" }, fault.ProofingCertificateBare},
	} {
		w, twin, id, _, reads := organisation(t)
		c.change(&reads.shown)
		got, err := w.Proofing.CertifyOrganisation(ctx, id, proofing.Shown{Evidence: "evidence", Authority: "a0"})
		if fault.CodeOf(err) != c.want || (err == nil) != (got == 4) || err != nil && level(t, w, id) != 1 {
			t.Errorf("%s: %d %v", what, got, err)
		}
		if proofs := twin.Proofs(id); err == nil && (proofs[1].Evidence != "evidence" || proofs[1].Method != proofing.OrganisationCertificate || !proofs[1].Until.Equal(reads.shown.Until)) {
			t.Errorf("%s: %+v", what, proofs)
		}
	}
}

func TestFoundingIsPolicy(t *testing.T) {
	w, twin, _, _, _ := organisation(t)
	if needs, gives := w.Proofing.Founding(); needs != 3 || gives != 3 {
		t.Errorf("%d %d", needs, gives)
	}
	w.Proofing = proofing.New(proofing.Config{Accounts: w.Accounts, Store: twin, Now: time.Now, Policy: func() []proofing.Level {
		return []proofing.Level{{Method: proofing.OrganisationRegister, IAL: 3, Holds: 3, Off: true}}
	}})
	if needs, gives := w.Proofing.Founding(); needs != 0 || gives != 0 {
		t.Errorf("taken away: %d %d", needs, gives)
	}
}

func TestAmounts(t *testing.T) {
	for typed, want := range map[string]int{"1.23": 123, "1.2": 120, "1": 100, "0.07": 7, "￥1.23": 123, "１．２３ 元": 123, " 9.99 ": 999, "": -1, ".": -1, "1.": -1, ".5": -1, "1.234": -1, "-1": -1, "1e2": -1, "12345": -1, "1.2.3": -1, "1,23": -1, strings.Repeat(" ", 65) + "1": -1} {
		got, err := proofing.ParseAmount(typed)
		if want < 0 && err == nil || want >= 0 && (err != nil || got != want) {
			t.Errorf("%q: %d %v", typed, got, err)
		}
	}
	for typed, want := range map[string]string{"9999 0000-1234": "999900001234", "９９９９００００": "99990000", "1234567": "", "00000000": "", "12345678a": "", strings.Repeat("1", 33): ""} {
		if got, err := proofing.ParseBankAccount(typed); got != want || (err == nil) != (want != "") {
			t.Errorf("%q: %q %v", typed, got, err)
		}
	}
}

func FuzzParseAmount(f *testing.F) {
	for _, seed := range []string{"1.23", "￥9.99", "０．０１", "1."} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, typed string) {
		fen, err := proofing.ParseAmount(typed)
		if err == nil && (fen < 0 || fen > 999999) || err != nil && fen != 0 {
			t.Errorf("%d %v", fen, err)
		}
		if err == nil {
			if again, err := proofing.ParseAmount(yuan(fen)); err != nil || again != fen {
				t.Errorf("%q reads as %d and then as %d", typed, fen, again)
			}
		}
	})
}

func FuzzParseBankAccount(f *testing.F) {
	f.Add("9999 0000 1234")
	f.Fuzz(func(t *testing.T, typed string) {
		number, err := proofing.ParseBankAccount(typed)
		if again, _ := proofing.ParseBankAccount(number); err == nil && again != number {
			t.Errorf("%q: %q %q", typed, number, again)
		}
	})
}

// TestTransferIsTakenBack: account and amount are forgotten with one event, the amount that arrives afterwards proves nothing, orders of the
// day stay counted, a silent bank is not asked again, and no other case is taken back in this way.
func TestTransferIsTakenBack(t *testing.T) {
	w, twin, id, bank, _ := organisation(t)
	if err := w.Proofing.OrderTransfer(ctx, id, bankAccount); err != nil {
		t.Fatal(err)
	}
	ways, err := w.Proofing.OrganisationWays(ctx, id)
	if err != nil || ways.Case == "" || !ways.Since.Equal(idptest.Start) {
		t.Fatalf("%+v %v", ways, err)
	}
	if err := w.Proofing.WithdrawTransfer(ctx, "org_other", ways.Case); fault.CodeOf(err) != fault.NotFound {
		t.Errorf("another organisation: %v", err)
	}
	if withdrawn, err := w.Proofing.TransferWithdrawn(ctx, id, ways.Case); err != nil || withdrawn {
		t.Errorf("before: %v %v", withdrawn, err)
	}
	if err := w.Proofing.WithdrawTransfer(ctx, id, ways.Case); err != nil {
		t.Fatal(err)
	}
	if withdrawn, err := w.Proofing.TransferWithdrawn(ctx, id, ways.Case); err != nil || !withdrawn {
		t.Errorf("after: %v %v", withdrawn, err)
	}
	if withdrawn, err := w.Proofing.TransferWithdrawn(ctx, "org_other", ways.Case); err != nil || withdrawn {
		t.Errorf("told of another organisation: %v %v", withdrawn, err)
	}
	if c := twin.Cases()[0]; c.State != proofing.Withdrawn || len(c.Sealed) != 0 {
		t.Errorf("%+v", c)
	}
	if records := twin.Records(); records[len(records)-1].Events[0].Type != "proofing.withdrawn" || records[len(records)-1].Events[0].ActingFor != id {
		t.Errorf("%+v", records[len(records)-1])
	}
	if _, err := w.Proofing.ConfirmTransfer(ctx, id, yuan(bank.asked[0].Transfer.Fen)); fault.CodeOf(err) != fault.TransferNone || level(t, w, id) != 1 {
		t.Errorf("the amount afterwards: %v", err)
	}
	if err := w.Proofing.WithdrawTransfer(ctx, id, ways.Case); fault.CodeOf(err) != fault.CaseDecided {
		t.Errorf("twice: %v", err)
	}
	if ways, err = w.Proofing.OrganisationWays(ctx, id); err != nil || ways.Sent || ways.Waiting || ways.Case != "" {
		t.Errorf("%+v %v", ways, err)
	}
	bank.err = proofing.ErrSilent
	if err := w.Proofing.OrderTransfer(ctx, id, bankAccount); fault.CodeOf(err) != fault.ProofingSilent {
		t.Fatal(err)
	}
	if ways, err = w.Proofing.OrganisationWays(ctx, id); err != nil || ways.Case == "" {
		t.Fatalf("%+v %v", ways, err)
	}
	if err := w.Proofing.WithdrawTransfer(ctx, id, ways.Case); err != nil {
		t.Fatal(err)
	}
	bank.err = nil
	payload, _ := json.Marshal(map[string]string{"case": ways.Case})
	if err := w.Proofing.Retry(ctx, payload); err != nil || len(bank.asked) != 2 {
		t.Errorf("the bank was asked again: %d %v", len(bank.asked), err)
	}
	if err := w.Proofing.OrderTransfer(ctx, id, bankAccount); err != nil {
		t.Error(err)
	}
	if err := w.Proofing.WithdrawTransfer(ctx, id, openTransfer(t, w, id)); err != nil {
		t.Error(err)
	}
	if err := w.Proofing.OrderTransfer(ctx, id, bankAccount); fault.CodeOf(err) != fault.ProofingTooOften {
		t.Errorf("a fourth order of the day: %v", err)
	}
}

func openTransfer(t *testing.T, w *idptest.World, id string) string {
	t.Helper()
	ways, err := w.Proofing.OrganisationWays(ctx, id)
	if err != nil || ways.Case == "" {
		t.Fatalf("%+v %v", ways, err)
	}
	return ways.Case
}
