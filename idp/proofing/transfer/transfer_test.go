package transfer_test

import (
	"context"
	"errors"
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/idp/proofing"
	"github.com/yinxin-gov/yinxin/idp/proofing/sandbox"
	"github.com/yinxin-gov/yinxin/idp/proofing/transfer"
	"github.com/yinxin-gov/yinxin/idp/source"
	"github.com/yinxin-gov/yinxin/internal/outbound"
)

func TestSimulatedBank(t *testing.T) {
	var told string
	server := httptest.NewServer(sandbox.Transfers("token", time.Millisecond, func(id, account string, fen int) { told = fmt.Sprint(id, " ", account, " ", fen) }))
	t.Cleanup(server.Close)
	client := source.New(source.Config{Name: "bank", URL: server.URL, Token: "token", Now: time.Now, Steady: true, Client: outbound.New(outbound.Config{Allowed: []string{strings.TrimPrefix(server.URL, "http://")}})})
	s := transfer.New(client)
	if s.Knows("citizen_id") || !s.Knows("unified_social_credit_code") || s.Name() != "bank" || s.Method().Word != proofing.OrganisationTransfer {
		t.Error("what it is")
	}
	for account, want := range map[string]proofing.Verdict{"99990000": proofing.Ordered, sandbox.AccountOther: proofing.AccountMismatch, sandbox.AccountRefused: proofing.Refused, sandbox.AccountBroken: "", sandbox.AccountSlow: ""} {
		a, err := s.Ask(context.Background(), proofing.Query{RequestID: "case_1", Name: "单位", IDNumber: "91", Transfer: &proofing.Transfer{Account: account, Fen: 123}})
		if a.Verdict != want || (want == "") != errors.Is(err, proofing.ErrSilent) || want != "" && len(a.Digest) != 64 {
			t.Errorf("%s: %+v %v", account, a, err)
		}
	}
	if told != "case_1 99990000 123" {
		t.Errorf("what arrived: %s", told)
	}
	if _, err := s.Ask(context.Background(), proofing.Query{RequestID: "case_1"}); !errors.Is(err, proofing.ErrSilent) {
		t.Errorf("no order: %v", err)
	}
}

func FuzzAnswer(f *testing.F) {
	for _, seed := range []string{`{"request_id":"r","result":"ordered"}`, `{"request_id":"r","result":"match"}`, `{}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		a, err := source.Parse[transfer.Answer](body, "r")
		if err == nil && (a.Usable() != nil || a.Result == proofing.Match) || err != nil && a != (transfer.Answer{}) {
			t.Errorf("%+v %v", a, err)
		}
	})
}
