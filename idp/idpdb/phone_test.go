package idpdb_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/idpdb"
	"github.com/yinxin-gov/yinxin/idp/idptest"
	"github.com/yinxin-gov/yinxin/idp/mandate"
	"github.com/yinxin-gov/yinxin/idp/subject"
	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/internal/channel"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/ident"
	"github.com/yinxin-gov/yinxin/internal/sqldb"
	"github.com/yinxin-gov/yinxin/keys/digest"
)

const (
	elderNumber  = "13800138151"
	helperNumber = "13800138152"
)

// phoneDesk is an elder, a helper of level 3, and the service between them.
type phoneDesk struct {
	*idptest.World
	t             *testing.T
	db            *sqldb.DB
	store         *idpdb.Store
	service       *mandate.Service
	elder, helper string
	calls         []mandate.PhoneCall // codes, as they would be read out
	way           string
	fails         error // of the store of requests, before it changes anything
	failsAfter    error
}

// phoneStore fails where the desk says so.
type phoneStore struct {
	*idpdb.Store
	desk *phoneDesk
}

func (p phoneStore) around(change func() error) error {
	if err := p.desk.fails; err != nil {
		return err
	}
	if err := change(); err != nil {
		return err
	}
	return p.desk.failsAfter
}

func (p phoneStore) PutPhoneRequest(ctx context.Context, r mandate.PhoneRequest, since time.Time, most int, record audit.Record) error {
	return p.around(func() error { return p.Store.PutPhoneRequest(ctx, r, since, most, record) })
}

func (p phoneStore) TryPhoneCode(ctx context.Context, r mandate.PhoneRequest, mac []byte, most int, now time.Time, record audit.Record) (right, dead bool, err error) {
	err = p.around(func() (err error) {
		right, dead, err = p.Store.TryPhoneCode(ctx, r, mac, most, now, record)
		return err
	})
	return right, dead, err
}

func (p phoneStore) AskedPhone(ctx context.Context, id string, at, until time.Time, record audit.Record) error {
	return p.around(func() error { return p.Store.AskedPhone(ctx, id, at, until, record) })
}

func (p phoneStore) ConfirmPhone(ctx context.Context, r mandate.PhoneRequest, m mandate.Mandate, b mandate.Bounds, a mandate.PhoneAnswer, since time.Time, record audit.Record) error {
	return p.around(func() error { return p.Store.ConfirmPhone(ctx, r, m, b, a, since, record) })
}

func eachPhoneDesk(t *testing.T, run func(t *testing.T, d *phoneDesk)) {
	onEach(t, func(t *testing.T, db *sqldb.DB, s *idpdb.Store) {
		w := idptest.NewWorld(t, s)
		d := &phoneDesk{World: w, t: t, db: db, store: s, way: channel.Voice}
		d.elder, d.helper = d.person(elderNumber, "11010119400101001", "王五", 1), d.person(helperNumber, "11010119800101001", "李四", 3)
		d.service = mandate.New(mandate.Config{Store: s, People: w.Accounts, Throttle: s, Family: s, Accounts: w.Accounts, FamilyMost: 2, Now: w.Clock.Now, Rand: ident.System(), Wake: func() {},
			Farewell: func([]mandate.Party) ([]audit.Message, error) { return nil, nil },
			Phone: &mandate.PhoneConfig{Policy: mandate.PhoneByDefault, Store: phoneStore{s, d}, Accounts: w.Accounts, Offers: func() bool { return d.way != "" }, Ways: func(string) (string, string) { return d.way, d.way },
				MAC: func(_ context.Context, parts ...[]byte) ([]byte, error) { return digest.SumParts(parts...), nil },
				Seal: func(_ context.Context, c mandate.PhoneCall) ([]byte, error) {
					d.calls = append(d.calls, c)
					return []byte("{}"), nil
				}}})
		d.noon()
		w.Clock.Advance(48 * time.Hour) // nobody rests
		run(t, d)
	})
}

// noon goes on to the next twelve o'clock in Beijing.
func (d *phoneDesk) noon() {
	there := d.Clock.Now().In(time.FixedZone("", 8*3600))
	next := time.Date(there.Year(), there.Month(), there.Day()+1, 12, 0, 0, 0, there.Location())
	d.Clock.Advance(next.Sub(d.Clock.Now()))
}

func (d *phoneDesk) person(mobile, first17, name string, ial int) string {
	d.t.Helper()
	id := d.Account(d.t, mobile, "").ID
	must(d.t, d.Accounts.ProveIdentity(context.Background(), id, idp.Proof{IAL: subject.IAL(ial), Method: "face", Source: "register", At: d.Clock.Now()}, idp.Identity{Name: name, Type: "citizen_id", Number: citizenNumber(d.t, first17)}))
	return id
}

func (d *phoneDesk) by(account string) mandate.By {
	return mandate.By{Account: account, SignedInAt: d.Clock.Now()}
}

func (d *phoneDesk) asks(name, number string) (mandate.PhoneRequest, error) {
	return d.service.AskByPhone(context.Background(), d.by(d.helper), name, number, mandate.Terms{Items: []string{"pension"}})
}

// asked is a request whose elder was called: the provider knows the call as "call-<request>".
func (d *phoneDesk) asked() mandate.PhoneRequest {
	d.t.Helper()
	ctx := context.Background()
	r, err := d.asks("王五", elderNumber)
	must(d.t, err)
	r, err = d.service.TypePhoneCode(ctx, d.by(d.helper), r.ID, d.calls[len(d.calls)-1].Code)
	must(d.t, err)
	d.Clock.Advance(3 * time.Hour)
	if n, err := d.service.AskElders(ctx); err != nil || n != 1 {
		d.t.Fatalf("%d elders were asked, %v", n, err)
	}
	d.placed(r)
	return r
}

func (d *phoneDesk) placed(r mandate.PhoneRequest) {
	d.t.Helper()
	ctx := context.Background()
	must(d.t, d.service.PlacePhone(ctx, r, "msg-"+r.ID))
	must(d.t, d.store.PutReceipt(ctx, channel.Receipt{ID: "msg-" + r.ID, Kind: d.way, Template: channel.TemplateElderAsk, Provider: "carrier", State: channel.Sent, Reference: "call-" + r.ID, At: d.Clock.Now()}))
}

func (d *phoneDesk) answers(r mandate.PhoneRequest, id string, word mandate.PhoneWord) error {
	a := mandate.PhoneAnswer{Provider: "carrier", ID: id, Channel: d.way, Word: word}
	if d.way == channel.Voice {
		a.Reference = "call-" + r.ID
	} else {
		a.Number = "+86" + elderNumber
	}
	return d.service.Answered(context.Background(), a)
}

func (d *phoneDesk) state(id string) mandate.PhoneState {
	d.t.Helper()
	r, err := d.service.PhoneRequest(context.Background(), d.helper, id)
	must(d.t, err)
	return r.State
}

func (d *phoneDesk) live() []mandate.Mandate {
	d.t.Helper()
	all, err := d.service.Live(context.Background(), d.helper)
	must(d.t, err)
	return all
}

func (d *phoneDesk) count(kind string) int {
	d.t.Helper()
	return counted(d.t, d.db, "SELECT COUNT(*) FROM audit_event WHERE type = $1", kind)
}

// TestElderConfirmsByTelephone: contact, a pause, the elder's own yes, a narrow mandate with its evidence; both are told, and a reply ends it.
func TestElderConfirmsByTelephone(t *testing.T) {
	for _, way := range []string{channel.Voice, channel.Mobile} {
		t.Run(way, func(t *testing.T) {
			eachPhoneDesk(t, func(t *testing.T, d *phoneDesk) {
				ctx := context.Background()
				d.way = way
				r, err := d.asks("王五", elderNumber)
				must(t, err)
				if len(d.calls) != 1 || d.calls[0].Elder != d.elder || d.calls[0].To != "+86"+elderNumber || d.calls[0].Agent != d.helper {
					t.Fatalf("%+v", d.calls)
				}
				must(t, d.answers(r, "early", mandate.PhoneYes)) // of nothing that was asked
				r, err = d.service.TypePhoneCode(ctx, d.by(d.helper), r.ID, d.calls[0].Code)
				must(t, err)
				if r.State != mandate.PhoneWaiting || len(d.live()) != 0 {
					t.Fatalf("the code alone gives %+v %v", r, d.live())
				}
				if pause := r.AskAt.Sub(d.Clock.Now()); pause < 2*time.Hour || pause > 3*time.Hour {
					t.Errorf("the elder is asked after %s", pause)
				}
				d.Clock.Advance(2*time.Hour - time.Minute)
				if n, err := d.service.AskElders(ctx); n != 0 || err != nil {
					t.Errorf("before the pause is over %d are asked, %v", n, err)
				}
				must(t, d.answers(r, "early-2", mandate.PhoneYes))
				d.Clock.Advance(time.Hour + time.Minute)
				for range 2 { // two nodes
					_, err := d.service.AskElders(ctx)
					must(t, err)
				}
				if n := counted(t, d.db, "SELECT COUNT(*) FROM outbox_message WHERE topic = $1", mandate.TopicPhoneAsk); n != 1 {
					t.Errorf("the elder is called %d times", n)
				}
				d.placed(r)
				if len(d.live()) != 0 {
					t.Fatal("a mandate without an answer")
				}
				must(t, d.answers(r, "a-1", mandate.PhoneYes))
				live := d.live()
				if len(live) != 1 || d.state(r.ID) != mandate.PhoneConfirmed {
					t.Fatalf("%+v, %s", live, d.state(r.ID))
				}
				m := live[0]
				if m.Principal != d.elder || m.Kind != mandate.ElderHelper || !m.Has(mandate.View) || !m.Has(mandate.Fill) || m.Has(mandate.Submit) || m.Has(mandate.Collect) || m.MaxClass != mandate.ClassName || len(m.Evidence) != 64 ||
					!m.NotAfter.Equal(r.NotAfter) || fmt.Sprint(m.Items) != "[pension]" {
					t.Errorf("%+v", m)
				}
				if d.count("mandate.telephone_confirmed") != 1 || d.count("mandate.active") != 1 || counted(t, d.db, "SELECT COUNT(*) FROM outbox_message WHERE topic = $1 AND key = $2", mandate.TopicNotice, m.ID) != 2 {
					t.Error("it is not on record, or not both are told")
				}
				must(t, d.answers(r, "a-1", mandate.PhoneYes)) // told again
				must(t, d.answers(r, "a-2", mandate.PhoneNo))  // a second thought is no end: the word for that is another
				if len(d.live()) != 1 {
					t.Error("an answer after the first one changes something")
				}
				stop := func(id, number string) {
					t.Helper()
					must(t, d.service.Answered(ctx, mandate.PhoneAnswer{Provider: "carrier", ID: id, Channel: channel.Mobile, Number: number, Word: mandate.PhoneStop}))
				}
				d.Clock.Advance(10 * 24 * time.Hour)
				stop("t-1", "+8613800138159")
				stop("t-2", "+86"+helperNumber)
				if len(d.live()) != 1 {
					t.Fatal("another number ends it")
				}
				stop("t-3", "+86"+elderNumber)
				if len(d.live()) != 0 || d.count("mandate.revoked") != 1 {
					t.Errorf("the reply ends nothing: %+v", d.live())
				}
			})
		})
	}
}

// TestCodeOfAnElderIsTried: five wrong ones are all, another helper's request is not there, and an old code is none.
func TestCodeOfAnElderIsTried(t *testing.T) {
	eachPhoneDesk(t, func(t *testing.T, d *phoneDesk) {
		ctx := context.Background()
		other := d.person("13800138153", "11010119810101001", "孙六", 3)
		try := func(by, id, code string) fault.Code {
			_, err := d.service.TypePhoneCode(ctx, d.by(by), id, code)
			return fault.CodeOf(err)
		}
		r, err := d.asks("王五", elderNumber)
		must(t, err)
		right := d.calls[0].Code
		if code := try(other, r.ID, right); code != fault.NotFound {
			t.Errorf("another helper: %s", code)
		}
		var group sync.WaitGroup
		for range 5 { // at once
			group.Go(func() {
				if code := try(d.helper, r.ID, "x"); code != fault.CodeWrong {
					t.Errorf("a wrong one: %s", code)
				}
			})
		}
		group.Wait()
		if code := try(d.helper, r.ID, right); code != fault.PhoneAskOver || d.state(r.ID) != mandate.PhoneEnded {
			t.Errorf("after five: %s %s", code, d.state(r.ID))
		}
		d.Clock.Advance(11 * time.Minute)
		r, err = d.asks("王五", elderNumber)
		must(t, err)
		d.Clock.Advance(10 * time.Minute)
		if code := try(d.helper, r.ID, d.calls[1].Code); code != fault.PhoneAskOver {
			t.Errorf("after ten minutes: %s", code)
		}
		if d.count("mandate.telephone_ended") != 1 || d.count("mandate.telephone_contact") != 0 {
			t.Error("the end of the first request is not on record")
		}
	})
}

// TestNobodyIsToldWhoHasAnAccount: whatever stands in the way of an elder, the helper's request looks the same, nobody is called, and
// no code is right.
func TestNobodyIsToldWhoHasAnAccount(t *testing.T) {
	for name, change := range map[string]func(d *phoneDesk) (who, number string){
		"nobody":       func(*phoneDesk) (string, string) { return "王五", "13800138159" },
		"another name": func(*phoneDesk) (string, string) { return "王六", elderNumber },
		"no real name": func(d *phoneDesk) (string, string) { d.Account(d.t, "13800138158", ""); return "王五", "13800138158" },
		"suspended":    func(d *phoneDesk) (string, string) { d.set("state = 'suspended'"); return "王五", elderNumber },
		"closed":       func(d *phoneDesk) (string, string) { d.set("state = 'closed'"); return "王五", elderNumber },
		"recovered": func(d *phoneDesk) (string, string) {
			d.set("recovered_at = " + d.micros())
			return "王五", elderNumber
		},
		"number taken": func(d *phoneDesk) (string, string) {
			d.set("mobile_taken_at = " + d.micros())
			return "王五", elderNumber
		},
		"a new contact": func(d *phoneDesk) (string, string) { d.newNumber(); return "王五", elderNumber },
	} {
		t.Run(name, func(t *testing.T) {
			eachPhoneDesk(t, func(t *testing.T, d *phoneDesk) {
				r, err := d.asks(change(d))
				if err != nil || r.State != mandate.PhoneCode || len(d.calls) != 1 {
					t.Fatalf("%+v %v", r, err)
				}
				if n := counted(t, d.db, "SELECT COUNT(*) FROM outbox_message WHERE topic = $1", mandate.TopicPhoneCode); n != 0 {
					t.Errorf("%d calls", n)
				}
				if _, err := d.service.TypePhoneCode(context.Background(), d.by(d.helper), r.ID, d.calls[0].Code); fault.CodeOf(err) != fault.CodeWrong {
					t.Errorf("the code: %v", err)
				}
			})
		})
	}
}

func (d *phoneDesk) set(what string, accounts ...string) {
	d.t.Helper()
	if len(accounts) == 0 {
		accounts = []string{d.elder}
	}
	must(d.t, d.db.Write(context.Background(), func(tx sqldb.Tx) error {
		_, err := tx.ExecContext(context.Background(), "UPDATE idp_account SET version = version + 1, "+what+" WHERE id = $1", accounts[0])
		return err
	}))
}

func (d *phoneDesk) micros() string {
	return fmt.Sprint(sqldb.Micros(d.Clock.Now().Add(-23 * time.Hour)))
}

func (d *phoneDesk) newNumber() {
	d.t.Helper()
	must(d.t, d.db.Write(context.Background(), func(tx sqldb.Tx) error {
		_, err := tx.ExecContext(context.Background(), "UPDATE idp_contact SET added_at = "+d.micros()+" WHERE account_id = $1", d.elder)
		return err
	}))
}

// TestAskingByTelephoneIsRefused: what the helper is told at once is about itself, the form, the hour, or the number whoever has it.
func TestAskingByTelephoneIsRefused(t *testing.T) {
	eachPhoneDesk(t, func(t *testing.T, d *phoneDesk) {
		ctx := context.Background()
		low := d.person("13800138154", "11010119820101001", "周七", 2)
		start := d.Clock.Now()
		asks := func(by mandate.By, name, number string, terms mandate.Terms) error {
			_, err := d.service.AskByPhone(ctx, by, name, number, terms)
			return err
		}
		terms := mandate.Terms{Items: []string{"pension"}}
		for _, test := range []struct {
			name string
			err  error
			want fault.Code
		}{
			{"an old login", asks(mandate.By{Account: d.helper, SignedInAt: start.Add(-time.Hour)}, "王五", elderNumber, terms), fault.MandateLogin},
			{"a low level", asks(d.by(low), "王五", elderNumber, terms), fault.PhoneAskLevel},
			{"no name", asks(d.by(d.helper), "", elderNumber, terms), fault.ProofingName},
			{"an address", asks(d.by(d.helper), "王五", "a@example.cn", terms), fault.PhoneAskNumber},
			{"no number", asks(d.by(d.helper), "王五", "12", terms), fault.PhoneAskNumber},
			{"too long", asks(d.by(d.helper), "王五", elderNumber, mandate.Terms{Items: terms.Items, Until: start.Add(91 * 24 * time.Hour)}), fault.MandateTerms},
			{"no items", asks(d.by(d.helper), "王五", elderNumber, mandate.Terms{}), fault.MandateTerms},
			{"oneself", asks(d.by(d.helper), "李四", helperNumber, terms), fault.MandateAgent},
			{"nothing is counted", asks(d.by(d.helper), "王五", elderNumber, terms), ""},
			{"one is open", asks(d.by(d.helper), "王五", elderNumber, terms), fault.PhoneAskBusy},
		} {
			if got := fault.CodeOf(test.err); got != test.want {
				t.Errorf("%s: %q, want %q", test.name, got, test.want)
			}
		}
		d.Clock.Advance(24 * time.Hour)
		for _, hour := range []int{21, 23, 0, 7} {
			d.noon()
			d.Clock.Advance(time.Duration((hour+12)%24) * time.Hour)
			_, err := d.asks("王五", elderNumber)
			if fault.CodeOf(err) != fault.PhoneAskHours || fault.From(err).RetryAfter <= 0 {
				t.Errorf("at %d: %v", hour, err)
			}
		}
		d.way = ""
		if _, err := d.asks("王五", elderNumber); fault.CodeOf(err) != fault.PhoneAskNotOffered {
			t.Errorf("without a provider: %v", err)
		}
	})
}

// TestElderMayNotAnyMore: all that is asked at the beginning is asked again before the call and when the yes comes; a yes of then gives nothing.
func TestElderMayNotAnyMore(t *testing.T) {
	for name, change := range map[string]func(d *phoneDesk){
		"the elder is suspended":        func(d *phoneDesk) { d.set("state = 'suspended'") },
		"the elder died":                func(d *phoneDesk) { d.set("state = 'closed'") },
		"the elder recovered":           func(d *phoneDesk) { d.set("recovered_at = " + d.micros()) },
		"the number is somebody else's": func(d *phoneDesk) { d.set("mobile_taken_at = " + d.micros()) },
		"the number is new":             func(d *phoneDesk) { d.newNumber() },
		"the helper is suspended":       func(d *phoneDesk) { d.set("state = 'suspended'", d.helper) },
		"the helper recovered":          func(d *phoneDesk) { d.set("recovered_at = "+d.micros(), d.helper) },
		"the helper has enough": func(d *phoneDesk) {
			for i := range 2 {
				m := proposal(fmt.Sprint("full-", i))
				m.Principal, m.Agent, m.Kind, m.State = d.person(fmt.Sprint("1380013816", i), fmt.Sprintf("110101195%d0101001", i), "赵八", 1), d.helper, mandate.ElderHelper, mandate.Active
				m.NotBefore, m.CreatedAt, m.NotAfter = d.Clock.Now(), d.Clock.Now(), d.Clock.Now().Add(48*time.Hour)
				must(d.t, d.store.PutMandate(context.Background(), m, mandate.Bounds{}, record()))
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			eachPhoneDesk(t, func(t *testing.T, d *phoneDesk) {
				r := d.asked()
				change(d)
				before := len(d.live())
				must(t, d.answers(r, "a-1", mandate.PhoneYes))
				if n := counted(t, d.db, "SELECT COUNT(*) FROM idp_mandate WHERE principal = $1", d.elder); n != 0 || len(d.live()) != before {
					t.Errorf("%d mandates", n)
				}
				if n := counted(t, d.db, "SELECT COUNT(*) FROM idp_phone_request WHERE id = $1 AND state = 'ended' AND reason IN ('unfit', 'full')", r.ID); n != 1 || d.count("mandate.telephone_ended") != 1 {
					t.Error("it did not end, or that is not on record")
				}
			})
		})
	}
}

// TestAnswersThatAreNone: silence, no, another word, another call, another number, after the end, told twice: nothing, or no more than once.
func TestAnswersThatAreNone(t *testing.T) {
	for name, test := range map[string]struct {
		answer func(d *phoneDesk, r mandate.PhoneRequest) error
		want   mandate.PhoneState
	}{
		"no":           {func(d *phoneDesk, r mandate.PhoneRequest) error { return d.answers(r, "a", mandate.PhoneNo) }, mandate.PhoneRefused},
		"another word": {func(d *phoneDesk, r mandate.PhoneRequest) error { return d.answers(r, "a", "") }, mandate.PhoneWaiting},
		"another call": {func(d *phoneDesk, r mandate.PhoneRequest) error {
			return d.answers(mandate.PhoneRequest{ID: "tel_other"}, "a", mandate.PhoneYes)
		}, mandate.PhoneWaiting},
		"another provider": {func(d *phoneDesk, r mandate.PhoneRequest) error {
			return d.service.Answered(context.Background(), mandate.PhoneAnswer{Provider: "other", ID: "a", Channel: channel.Voice, Reference: "call-" + r.ID, Word: mandate.PhoneYes})
		}, mandate.PhoneWaiting},
		"an SMS where a call asked": {func(d *phoneDesk, r mandate.PhoneRequest) error {
			return d.service.Answered(context.Background(), mandate.PhoneAnswer{Provider: "carrier", ID: "a", Channel: channel.Mobile, Number: "+86" + elderNumber, Word: mandate.PhoneYes})
		}, mandate.PhoneWaiting},
		"an SMS of another number": {func(d *phoneDesk, r mandate.PhoneRequest) error {
			return d.service.Answered(context.Background(), mandate.PhoneAnswer{Provider: "carrier", ID: "a", Channel: channel.Mobile, Number: "+86" + helperNumber, Word: mandate.PhoneStop})
		}, mandate.PhoneWaiting},
		"stop by SMS": {func(d *phoneDesk, r mandate.PhoneRequest) error {
			return d.service.Answered(context.Background(), mandate.PhoneAnswer{Provider: "carrier", ID: "a", Channel: channel.Mobile, Number: "+86" + elderNumber, Word: mandate.PhoneStop})
		}, mandate.PhoneRefused},
		"after a day": {func(d *phoneDesk, r mandate.PhoneRequest) error {
			d.Clock.Advance(24 * time.Hour)
			return d.answers(r, "a", mandate.PhoneYes)
		}, mandate.PhoneEnded},
		"after the helper took it back": {func(d *phoneDesk, r mandate.PhoneRequest) error {
			must(d.t, d.service.WithdrawPhoneRequest(context.Background(), d.by(d.helper), r.ID))
			return d.answers(r, "a", mandate.PhoneYes)
		}, mandate.PhoneEnded},
		"yes after no": {func(d *phoneDesk, r mandate.PhoneRequest) error {
			must(d.t, d.answers(r, "a", mandate.PhoneNo))
			return d.answers(r, "b", mandate.PhoneYes)
		}, mandate.PhoneRefused},
	} {
		t.Run(name, func(t *testing.T) {
			eachPhoneDesk(t, func(t *testing.T, d *phoneDesk) {
				r := d.asked()
				must(t, test.answer(d, r))
				if got := d.state(r.ID); got != test.want || len(d.live()) != 0 {
					t.Errorf("%s, %+v", got, d.live())
				}
				d.Clock.Advance(25 * time.Hour)
				_, err := d.service.AskElders(context.Background())
				must(t, err)
				if open := counted(t, d.db, "SELECT COUNT(*) FROM idp_phone_request WHERE state IN ('code', 'waiting')"); open != 0 {
					t.Error("it does not end")
				}
				if test.want != mandate.PhoneRefused {
					return
				}
				d.noon()
				if _, err := d.asks("王五", elderNumber); fault.CodeOf(err) != fault.PhoneAskBusy {
					t.Errorf("who was refused asks again: %v", err)
				}
			})
		})
	}
}

// TestReplayOfAnAnswer: an answer that was told before the question of now is of another question, however often it is told.
func TestReplayOfAnAnswer(t *testing.T) {
	eachPhoneDesk(t, func(t *testing.T, d *phoneDesk) {
		d.way = channel.Mobile
		must(t, d.answers(mandate.PhoneRequest{}, "old", mandate.PhoneYes)) // about nothing
		r := d.asked()
		must(t, d.answers(r, "old", mandate.PhoneYes))
		if d.state(r.ID) != mandate.PhoneWaiting {
			t.Fatal("an old answer counts")
		}
		must(t, d.answers(r, "new", mandate.PhoneYes))
		if len(d.live()) != 1 {
			t.Fatal("a new one does not")
		}
		d.Clock.Advance(time.Minute)
		must(t, d.answers(r, "end", mandate.PhoneStop))
		if len(d.live()) != 0 {
			t.Fatal("the word that ends it does not")
		}
		d.Clock.Advance(24 * time.Hour)
		must(t, d.answers(d.asked(), "again", mandate.PhoneYes))
		must(t, d.answers(r, "end", mandate.PhoneStop))
		if len(d.live()) != 1 {
			t.Error("an old word ends what began after it")
		}
	})
}

// TestAnswersAtOnce: of a yes and a no at the same moment one counts, and of many of one yes too.
func TestAnswersAtOnce(t *testing.T) {
	eachPhoneDesk(t, func(t *testing.T, d *phoneDesk) {
		r := d.asked()
		var group sync.WaitGroup
		for i := range 8 {
			group.Go(func() {
				word := []mandate.PhoneWord{mandate.PhoneYes, mandate.PhoneNo}[i%2]
				if err := d.answers(r, fmt.Sprint("a-", i%4), word); err != nil {
					t.Errorf("%d: %v", i, err)
				}
			})
		}
		group.Wait()
		state, live := d.state(r.ID), len(d.live())
		if n := d.count("mandate.telephone_confirmed") + d.count("mandate.telephone_refused"); n != 1 || live != map[mandate.PhoneState]int{mandate.PhoneConfirmed: 1, mandate.PhoneRefused: 0}[state] {
			t.Errorf("%s with %d mandates, %d on record", state, live, n)
		}
	})
}

// TestAnswerBeforeTheReceipt: a person who presses a key faster than the provider's number is on record is heard all the same.
func TestAnswerBeforeTheReceipt(t *testing.T) {
	eachPhoneDesk(t, func(t *testing.T, d *phoneDesk) {
		ctx := context.Background()
		r, err := d.asks("王五", elderNumber)
		must(t, err)
		_, err = d.service.TypePhoneCode(ctx, d.by(d.helper), r.ID, d.calls[0].Code)
		must(t, err)
		d.Clock.Advance(3 * time.Hour)
		_, err = d.service.AskElders(ctx)
		must(t, err)
		must(t, d.answers(r, "fast", mandate.PhoneYes))
		if len(d.live()) != 0 {
			t.Fatal("a call that nobody knows gives a mandate")
		}
		d.placed(r)
		must(t, d.service.SettleAnswers(ctx))
		if len(d.live()) != 1 {
			t.Error("the answer is lost")
		}
	})
}

// TestPhoneRequestsSurviveCrashes: a store that fails before or after each step leaves what can go on, and nothing twice.
func TestPhoneRequestsSurviveCrashes(t *testing.T) {
	crash := errors.New("crash")
	for name, at := range map[string]func(d *phoneDesk, fail error){
		"before": func(d *phoneDesk, fail error) { d.fails = fail },
		"after":  func(d *phoneDesk, fail error) { d.failsAfter = fail },
	} {
		t.Run(name, func(t *testing.T) {
			eachPhoneDesk(t, func(t *testing.T, d *phoneDesk) {
				ctx := context.Background()
				crashes := func(step func() error) {
					t.Helper()
					at(d, crash)
					if err := step(); err == nil {
						t.Error("no crash")
					}
					at(d, nil)
				}
				crashes(func() error { _, err := d.asks("王五", elderNumber); return err })
				d.Clock.Advance(11 * time.Minute) // the one that was stored is over by itself
				r, err := d.asks("王五", elderNumber)
				must(t, err)
				code := d.calls[len(d.calls)-1].Code
				crashes(func() error { _, err := d.service.TypePhoneCode(ctx, d.by(d.helper), r.ID, code); return err })
				if d.state(r.ID) == mandate.PhoneCode {
					_, err := d.service.TypePhoneCode(ctx, d.by(d.helper), r.ID, code)
					must(t, err)
				}
				d.Clock.Advance(3 * time.Hour)
				crashes(func() error { _, err := d.service.AskElders(ctx); return err })
				d.Clock.Advance(2 * time.Minute) // a row that failed was put off
				_, err = d.service.AskElders(ctx)
				must(t, err)
				if n := counted(t, d.db, "SELECT COUNT(*) FROM outbox_message WHERE topic = $1", mandate.TopicPhoneAsk); n != 1 {
					t.Errorf("the elder is called %d times", n)
				}
				d.placed(r)
				crashes(func() error { return d.answers(r, "a", mandate.PhoneYes) })
				must(t, d.answers(r, "a", mandate.PhoneYes)) // the provider calls again
				if len(d.live()) != 1 || d.count("mandate.telephone_confirmed") != 1 {
					t.Errorf("%d mandates", len(d.live()))
				}
			})
		})
	}
}
