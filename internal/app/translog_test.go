package app

import (
	"context"
	"crypto/rand"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/emmansun/gmsm/sm2"

	"github.com/yinxin-gov/yinxin/elicense"
	"github.com/yinxin-gov/yinxin/elicense/translog"
	"github.com/yinxin-gov/yinxin/internal/outbound"
)

// newWitnessKey is the line of a witness's key, and newLogKey that of a log's.
func newWitnessKey(t *testing.T) string {
	t.Helper()
	_, public, err := translog.NewWitnessKey(rand.Reader, "court.example")
	if err != nil {
		t.Fatal(err)
	}
	return public.String()
}

func newLogKey(t *testing.T) string {
	t.Helper()
	secret, err := sm2.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	key, err := translog.NewKey("id.example/log", translog.SM2Key, &secret.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	return key.String()
}

func TestWitnessesOfTheConfiguration(t *testing.T) {
	key := newWitnessKey(t)
	for name, c := range map[string]struct {
		log   TransparencyLog
		fault string
	}{
		"nothing":        {TransparencyLog{}, ""},
		"a witness":      {TransparencyLog{CheckpointEvery: time.Hour, Witnesses: []Witnessing{{URL: "https://court.example.cn/", Key: key}, {URL: "https://court.example.cn/roots", Key: key, Roots: true}}}, ""},
		"a day":          {TransparencyLog{CheckpointEvery: 24 * time.Hour}, ""},
		"above a day":    {TransparencyLog{CheckpointEvery: 24*time.Hour + 1}, "log.checkpoint_every"},
		"before now":     {TransparencyLog{CheckpointEvery: -1}, "log.checkpoint_every"},
		"plain HTTP":     {TransparencyLog{Witnesses: []Witnessing{{URL: "http://court.example.cn", Key: key}}}, "log.witnesses[0].url"},
		"no address":     {TransparencyLog{Witnesses: []Witnessing{{Key: key}}}, "log.witnesses[0].url"},
		"a private host": {TransparencyLog{Witnesses: []Witnessing{{URL: "https://10.1.2.3", Key: key}}}, "log.witnesses[0].url"},
		"no key":         {TransparencyLog{Witnesses: []Witnessing{{URL: "https://court.example.cn"}}}, "log.witnesses[0].key"},
		"a key of a log": {TransparencyLog{Witnesses: []Witnessing{{URL: "https://court.example.cn", Key: newLogKey(t)}}}, "log.witnesses[0].key"},
	} {
		faults := c.log.check(outbound.New(outbound.Config{}).Check)
		if c.fault == "" && len(faults) > 0 || c.fault != "" && (len(faults) != 1 || !strings.HasPrefix(faults[0], c.fault)) {
			t.Errorf("%s: %q", name, faults)
		}
	}
	list := TransparencyLog{Witnesses: []Witnessing{{URL: "https://court.example.cn/", Key: key}, {URL: "https://court.example.cn/roots", Key: key, Roots: true}}}.witnesses()
	if len(list) != 2 || list[0].Tree != elicense.LogMain || list[1].Tree != elicense.LogRoots || list[0].URL != "https://court.example.cn" || list[0].Key.String() != key {
		t.Errorf("%+v", list)
	}
}

func TestAskingWitnesses(t *testing.T) {
	status := http.StatusOK
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil || r.Method != http.MethodPost || string(body) != "old 0\n\nnote" {
			t.Errorf("%s %q %v", r.Method, body, err)
		}
		w.WriteHeader(status)
		_, _ = w.Write([]byte("answer"))
	}))
	defer server.Close()
	a := &App{outbound: outbound.New(outbound.Config{Allowed: []string{strings.TrimPrefix(server.URL, "http://")}})}
	for _, c := range []struct {
		status int
		other  bool
		fails  bool
	}{{200, false, false}, {409, true, false}, {404, false, true}, {422, false, true}, {500, false, true}, {302, false, true}} {
		status = c.status
		answer, other, err := a.askWitness(context.Background(), server.URL+"/add-checkpoint", []byte("old 0\n\nnote"))
		if (err != nil) != c.fails || other != c.other || err == nil && string(answer) != "answer" {
			t.Errorf("%d: %q %v %v", c.status, answer, other, err)
		}
	}
	a = &App{outbound: outbound.New(outbound.Config{})}
	if _, _, err := a.askWitness(context.Background(), server.URL, nil); err == nil {
		t.Error("an address that is not allowed was asked")
	}
}
