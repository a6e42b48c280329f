package register_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/idp/mandate"
	"github.com/yinxin-gov/yinxin/idp/mandate/register"
	"github.com/yinxin-gov/yinxin/idp/subject"
	"github.com/yinxin-gov/yinxin/internal/outbound"
)

const token = "token-of-tests"

func client(t *testing.T, handler http.Handler) *register.Client {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return register.New(register.Config{Name: "register", URL: server.URL, Token: token, Now: time.Now,
		Client: outbound.New(outbound.Config{Allowed: []string{strings.TrimPrefix(server.URL, "http://")}})})
}

func TestSimulatedOrganisations(t *testing.T) {
	for _, o := range register.Organisations {
		if _, err := subject.ParseUSCC(o.Code); err != nil {
			t.Errorf("%s: %v", o.Code, err)
		}
	}
	c := client(t, register.Simulated(token, time.Second))
	q := mandate.OrganisationQuestion{RequestID: "reg_1", USCC: "91999900MA0000015N", Name: "示例市青禾商贸有限公司", RepresentativeName: "钱法人", RepresentativeNumber: "999900197903030074"}
	for name, test := range map[string]struct {
		change                func(q *mandate.OrganisationQuestion)
		known, representative bool
		state                 mandate.RegisterState
	}{
		"all fits":       {func(*mandate.OrganisationQuestion) {}, true, true, mandate.Registered},
		"another name":   {func(q *mandate.OrganisationQuestion) { q.Name = "别家" }, false, false, ""},
		"another code":   {func(q *mandate.OrganisationQuestion) { q.USCC = "91999900MA0000023H" }, false, false, ""},
		"another person": {func(q *mandate.OrganisationQuestion) { q.RepresentativeName = "张三" }, true, false, mandate.Registered},
		"another number": {func(q *mandate.OrganisationQuestion) { q.RepresentativeNumber = "x" }, true, false, mandate.Registered},
		"no longer there": {func(q *mandate.OrganisationQuestion) {
			q.USCC, q.Name = "91999900MA000004X4", "示例市已注销有限公司"
		}, true, true, mandate.Deregistered},
	} {
		asked := q
		test.change(&asked)
		a, err := c.Organisation(context.Background(), asked)
		if err != nil || a.Known != test.known || a.Representative != test.representative || a.State != test.state || len(a.Digest) != 64 {
			t.Errorf("%s: %+v, %v", name, a, err)
		}
	}
}

func TestSimulatedGuardians(t *testing.T) {
	for _, child := range register.Children {
		if _, err := subject.ParseCitizenID(child.Number); err != nil {
			t.Errorf("%s: %v", child.Number, err)
		}
	}
	c := client(t, register.Simulated(token, time.Second))
	q := mandate.GuardianQuestion{RequestID: "reg_1", GuardianName: "李四", GuardianNumber: "99990019800101001X", ChildName: "李小宝", ChildNumber: "999900202006070010"}
	if a, err := c.Guardian(context.Background(), q); err != nil || !a.Match {
		t.Errorf("%+v, %v", a, err)
	}
	q.GuardianName = "欧阳春晓"
	if a, err := c.Guardian(context.Background(), q); err != nil || a.Match {
		t.Errorf("a stranger: %+v, %v", a, err)
	}
}

// TestX08SilenceIsNoAnswer: whatever is no well-formed answer to this question is silence, never a yes and never a no.
func TestX08SilenceIsNoAnswer(t *testing.T) {
	for name, answer := range map[string]http.HandlerFunc{
		"an error":       func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "no", http.StatusInternalServerError) },
		"half an object": func(w http.ResponseWriter, _ *http.Request) { w.Write([]byte(`{"request_id":"reg_1","result":"mat`)) },
		"another question": func(w http.ResponseWriter, _ *http.Request) {
			w.Write([]byte(`{"request_id":"reg_2","result":"match","state":"registered"}`))
		},
		"another word": func(w http.ResponseWriter, _ *http.Request) {
			w.Write([]byte(`{"request_id":"reg_1","result":"true","state":"registered"}`))
		},
		"no state": func(w http.ResponseWriter, _ *http.Request) {
			w.Write([]byte(`{"request_id":"reg_1","result":"match"}`))
		},
		"a state of tomorrow": func(w http.ResponseWriter, _ *http.Request) {
			w.Write([]byte(`{"request_id":"reg_1","result":"match","state":"asleep"}`))
		},
		"a redirect": func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/elsewhere", http.StatusFound) },
	} {
		c := client(t, answer)
		a, err := c.Organisation(context.Background(), mandate.OrganisationQuestion{RequestID: "reg_1"})
		if !errors.Is(err, mandate.ErrSilent) || a.Known || a.Representative {
			t.Errorf("%s: %+v, %v", name, a, err)
		}
	}
}

func TestPauseAfterThreeSilences(t *testing.T) {
	calls := 0
	c := client(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		calls++
		http.Error(w, "no", http.StatusInternalServerError)
	}))
	for range 5 {
		if _, err := c.Guardian(context.Background(), mandate.GuardianQuestion{RequestID: "reg_1"}); !errors.Is(err, mandate.ErrSilent) {
			t.Fatal(err)
		}
	}
	if calls != 3 {
		t.Errorf("%d calls", calls)
	}
}
