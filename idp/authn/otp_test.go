package authn_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/idp/authn"
	"github.com/yinxin-gov/yinxin/idp/idptest"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/ident"
)

func send(t *testing.T, w *idptest.World, to string, purpose authn.Purpose) (challenge, code string) {
	t.Helper()
	identifier := idptest.Identifier(t, to)
	challenge, err := w.Codes.Send(context.Background(), identifier, purpose, "browser", "zh-CN", w.Encode)
	if err != nil {
		t.Fatal(err)
	}
	return challenge, w.Code(t, identifier.Value)
}

func check(t *testing.T, w *idptest.World, challenge, to string, purpose authn.Purpose, browser, code string) error {
	t.Helper()
	return w.Codes.Check(context.Background(), challenge, idptest.Identifier(t, to), purpose, browser, code)
}

// other is a code that is not this one.
func other(code string) string {
	if code == "000000" {
		return "000001"
	}
	return "000000"
}

func TestCodeIsSentOnceAndNowhereReadable(t *testing.T) {
	twin := idptest.NewTwin()
	w := idptest.NewWorld(t, twin)
	challenge, code := send(t, w, number, authn.PurposeLogin)
	if !regexp.MustCompile(`^\d{6}$`).MatchString(code) {
		t.Errorf("code %q", code)
	}
	messages := twin.Messages(authn.TopicMessage)
	if len(messages) != 1 || messages[0].Key != challenge {
		t.Fatalf("messages %+v", messages)
	}
	for _, r := range twin.Records() {
		if text := fmt.Sprintf("%+v", r); bytes.Contains([]byte(text), []byte(code)) || bytes.Contains([]byte(text), []byte("13800138000")) {
			t.Errorf("code or number stand in the record: %s", text)
		}
	}
	if m := w.Sent()[0]; m.To != "+8613800138000" || m.Kind != "mobile" || m.Minutes != 10 || m.Locale != "zh-CN" {
		t.Errorf("message %+v", m)
	}
	if err := check(t, w, challenge, number, authn.PurposeLogin, "browser", code); err != nil {
		t.Error(err)
	}
	if err := check(t, w, challenge, number, authn.PurposeLogin, "browser", code); fault.CodeOf(err) != fault.CodeWrong {
		t.Errorf("A-03 the second time: %v", err)
	}
}

func TestA02FiveTriesInAllThenAHundredInParallel(t *testing.T) {
	w := idptest.NewWorld(t, idptest.NewTwin())
	challenge, code := send(t, w, number, authn.PurposeLogin)
	for range authn.CodeTries {
		if err := check(t, w, challenge, number, authn.PurposeLogin, "browser", other(code)); fault.CodeOf(err) != fault.CodeWrong {
			t.Fatal(err)
		}
	}
	var taken atomic.Int32
	var group sync.WaitGroup
	for range 100 {
		group.Go(func() {
			if w.Codes.Check(context.Background(), challenge, idptest.Identifier(t, number), authn.PurposeLogin, "browser", code) == nil {
				taken.Add(1)
			}
		})
	}
	group.Wait()
	if taken.Load() != 0 {
		t.Errorf("a dead code was taken %d times", taken.Load())
	}
}

func TestA02FourWrongTriesLeaveOne(t *testing.T) {
	w := idptest.NewWorld(t, idptest.NewTwin())
	challenge, code := send(t, w, number, authn.PurposeLogin)
	for range authn.CodeTries - 1 {
		check(t, w, challenge, number, authn.PurposeLogin, "browser", other(code))
	}
	if err := check(t, w, challenge, number, authn.PurposeLogin, "browser", code); err != nil {
		t.Error(err)
	}
}

func TestA04CodeBelongsToPurposeRecipientBrowserAndChallenge(t *testing.T) {
	w := idptest.NewWorld(t, idptest.NewTwin())
	const victim = "13800138001"
	challenge, code := send(t, w, number, authn.PurposeLogin)
	victims, victimsCode := send(t, w, victim, authn.PurposeLogin)
	if code == victimsCode {
		TestA04CodeBelongsToPurposeRecipientBrowserAndChallenge(t) // one in a million: both drew the same code, so draw again
		return
	}
	for name, err := range map[string]error{
		"own code for the victim's number":  check(t, w, challenge, victim, authn.PurposeLogin, "browser", code),
		"own code on the victim's":          check(t, w, victims, victim, authn.PurposeLogin, "browser", code),
		"a code to log in registers":        check(t, w, challenge, number, authn.PurposeRegister, "browser", code),
		"another browser":                   check(t, w, challenge, number, authn.PurposeLogin, "thief", code),
		"no browser":                        check(t, w, challenge, number, authn.PurposeLogin, "", code),
		"an unknown challenge":              check(t, w, "otp_none", number, authn.PurposeLogin, "browser", code),
		"no code":                           check(t, w, challenge, number, authn.PurposeLogin, "browser", ""),
		"the code with something behind it": check(t, w, challenge, number, authn.PurposeLogin, "browser", code+"0"),
	} {
		if f := fault.From(err); f == nil || f.Code != fault.CodeWrong || len(f.Params) != 0 {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := check(t, w, challenge, number, authn.PurposeLogin, "browser", code); err != nil {
		t.Errorf("the owner: %v", err)
	}
}

func TestCodesLiveTenMinutes(t *testing.T) {
	w := idptest.NewWorld(t, idptest.NewTwin())
	challenge, code := send(t, w, number, authn.PurposeLogin)
	w.Clock.Advance(authn.CodeLife)
	if err := check(t, w, challenge, number, authn.PurposeLogin, "browser", code); fault.CodeOf(err) != fault.CodeWrong {
		t.Errorf("at its end: %v", err)
	}
}

func TestA05CodesAreSentOnceAMinuteFiveAnHourTenADay(t *testing.T) {
	w := idptest.NewWorld(t, idptest.NewTwin())
	sent := func(to string) bool {
		_, err := w.Codes.Send(context.Background(), idptest.Identifier(t, to), authn.PurposeLogin, "browser", "zh-CN", w.Encode)
		often := []fault.Code{fault.CodeTooOften, fault.CodesOfHourUsed, fault.CodesOfDayUsed}
		if err != nil && (!slices.Contains(often, fault.CodeOf(err)) || fault.From(err).RetryAfter == 0) {
			t.Fatal(err)
		}
		return err == nil
	}
	if !sent(number) || sent(number) {
		t.Error("more than one at once")
	}
	if sent("+86 138-0013-8000") {
		t.Error("A-08 another spelling has limits of its own")
	}
	if _, err := w.Codes.Send(context.Background(), idptest.Identifier(t, number), authn.PurposeRegister, "other browser", "en", w.Encode); fault.CodeOf(err) != fault.CodeTooOften {
		t.Errorf("another purpose and browser have limits of their own: %v", err)
	}
	inHour := 1
	for range 58 {
		w.Clock.Advance(time.Minute)
		if sent(number) {
			inHour++
		}
	}
	if inHour != 5 {
		t.Errorf("%d in an hour", inHour)
	}
	inDay := inHour
	for range 22 * 6 {
		w.Clock.Advance(10 * time.Minute)
		if sent(number) {
			inDay++
		}
	}
	if inDay != 10 {
		t.Errorf("%d in a day", inDay)
	}
	if !sent("13800138001") {
		t.Error("another number pays for it")
	}
	w.Clock.Advance(24 * time.Hour)
	if !sent(number) {
		t.Error("the next day")
	}
}

// TestCodesFailClosed: what cannot be stored is not sent, what cannot be counted is not right.
func TestCodesFailClosed(t *testing.T) {
	twin := idptest.NewTwin()
	faulty := &idptest.Faulty{Store: twin}
	w := idptest.NewWorld(t, faulty)
	challenge, code := send(t, w, number, authn.PurposeLogin)
	faulty.FailBefore = func(_ int, name string) bool { return name == "try code" || name == "put code" }
	if err := check(t, w, challenge, number, authn.PurposeLogin, "browser", code); err == nil {
		t.Error("a code was right though its try was not counted")
	}
	if _, err := w.Codes.Send(context.Background(), idptest.Identifier(t, "13800138001"), authn.PurposeLogin, "browser", "zh-CN", w.Encode); !errors.Is(err, idptest.ErrCrash) {
		t.Errorf("send: %v", err)
	}
	faulty.FailBefore = nil
	faulty.FailAfter = func(_ int, name string) bool { return name == "try code" }
	if err := check(t, w, challenge, number, authn.PurposeLogin, "browser", code); err == nil {
		t.Error("the outcome was lost and yet the code was right")
	}
	faulty.FailAfter = nil
	if err := check(t, w, challenge, number, authn.PurposeLogin, "browser", code); fault.CodeOf(err) != fault.CodeWrong {
		t.Errorf("the code was used in the lost try: %v", err)
	}
	if _, err := w.Codes.Send(context.Background(), idptest.Identifier(t, "13800138002"), authn.PurposeLogin, "browser", "zh-CN",
		func(context.Context, authn.Message) ([]byte, error) { return nil, errors.New("no cipher") }); err == nil {
		t.Error("a message that cannot be sealed was stored")
	}
	if n := len(twin.Messages(authn.TopicMessage)); n != 1 {
		t.Errorf("%d messages lie in the outbox", n)
	}
}

// TestCallsAreForNumbersThatCanBeCalled: an address cannot be called, nor a number where no call goes out; the message says that it is one.
func TestCallsAreForNumbersThatCanBeCalled(t *testing.T) {
	w := idptest.NewWorld(t, idptest.NewTwin())
	offered := true
	codes := authn.NewCodes(authn.CodesConfig{Store: w.Store, Accounts: w.Accounts, Ring: w.Ring, Now: w.Clock.Now, Rand: ident.System(), Reaches: func(kind, value string) (bool, bool) { return kind != "voice" || offered, true }})
	call := func(to string) error {
		_, err := codes.Call(context.Background(), idptest.Identifier(t, to), authn.PurposeLogin, "browser", "en", w.Encode)
		return err
	}
	if err := call("wang@example.cn"); fault.CodeOf(err) != fault.CodeNoCall {
		t.Errorf("an address: %v", err)
	}
	if err := call("13800138000"); err != nil {
		t.Fatal(err)
	}
	if sent := w.Sent(); len(sent) != 1 || sent[0].Kind != "voice" || sent[0].Template != "code" || sent[0].To != "+8613800138000" {
		t.Errorf("%+v", w.Sent())
	}
	offered = false
	if err := call("13800138001"); fault.CodeOf(err) != fault.CodeNoCall {
		t.Errorf("without a provider: %v", err)
	}
}
