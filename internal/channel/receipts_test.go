package channel_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/internal/channel"
	"github.com/yinxin-gov/yinxin/keys/digest"
)

const receiptSecret = "a-secret-of-receipts"

func receiptSettings(change func(*channel.ReceiptSettings)) channel.ReceiptSettings {
	s := channel.ReceiptSettings{Secret: "file", Reference: "id", State: "status", Delivered: []string{"DELIVRD", "0"}, Failed: []string{"UNDELIV"}}
	if change != nil {
		change(&s)
	}
	return s
}

func receipts(t testing.TB, now time.Time, change func(*channel.ReceiptSettings)) *channel.Receipts {
	t.Helper()
	r, err := channel.NewReceipts("carrier", channel.Mobile, receiptSettings(change), receiptSecret, func() time.Time { return now })
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestReportsOfProviders(t *testing.T) {
	now := time.Date(2026, 11, 26, 8, 0, 0, 0, time.UTC)
	listed := func(s *channel.ReceiptSettings) { s.List = "data.reports" }
	for name, row := range map[string]struct {
		change     func(*channel.ReceiptSettings)
		form, body string
		want       string
	}{
		"one":              {nil, "application/json", `{"id":"m1","status":"DELIVRD"}`, "[m1 delivered]"},
		"a list":           {nil, "application/json", `[{"id":"m1","status":"UNDELIV"},{"id":2,"status":0}]`, "[m1 failed 2 delivered]"},
		"another word":     {nil, "application/json", `{"id":"m1","status":"ENROUTE"}`, "[m1 unknown]"},
		"deep":             {listed, "application/json", `{"data":{"reports":[{"id":"m1","status":"DELIVRD"}]}}`, "[m1 delivered]"},
		"none":             {listed, "application/json", `{"data":{"reports":[]}}`, "[]"},
		"a form":           {nil, "application/x-www-form-urlencoded", "id=m1&status=UNDELIV&mobile=13800138000", "[m1 failed]"},
		"no list":          {listed, "application/json", `{"data":{"reports":"x"}}`, ""},
		"no number":        {nil, "application/json", `{"status":"DELIVRD"}`, ""},
		"no state":         {nil, "application/json", `{"id":"m1"}`, ""},
		"an empty number":  {nil, "application/json", `{"id":"  ","status":"DELIVRD"}`, ""},
		"one of two":       {nil, "application/json", `[{"id":"m1","status":"DELIVRD"},{"id":"m2"}]`, ""},
		"no JSON":          {nil, "application/json", `{"id":"m1"`, ""},
		"two documents":    {nil, "application/json", `{"id":"m1","status":"DELIVRD"}{}`, ""},
		"too many at once": {nil, "application/json", "[" + strings.TrimSuffix(strings.Repeat(`{"id":"m1","status":"DELIVRD"},`, channel.MaxReports+1), ",") + "]", ""},
	} {
		told, err := receipts(t, now, row.change).Read(receiptSecret, http.Header{"Content-Type": {row.form}}, []byte(row.body))
		all := told.Reports
		if row.want == "" {
			if !errors.Is(err, channel.ErrReportForm) || len(all) > 0 {
				t.Errorf("%s: %v %v", name, all, err)
			}
			continue
		}
		got := []string{}
		for _, r := range all {
			if r.Provider != "carrier" || !r.At.Equal(now) {
				t.Errorf("%s: %+v", name, r)
			}
			got = append(got, r.Reference+" "+r.State)
		}
		if err != nil || fmt.Sprint(got) != row.want {
			t.Errorf("%s: %v %v", name, got, err)
		}
	}
}

func TestReportsAreTheProviders(t *testing.T) {
	now := time.Date(2026, 11, 26, 8, 0, 0, 0, time.UTC)
	const body = `{"id":"m1","status":"DELIVRD"}`
	for _, secret := range []string{"", "x", receiptSecret + "x", receiptSecret[:len(receiptSecret)-1]} {
		if _, err := receipts(t, now, nil).Read(secret, http.Header{}, []byte(body)); !errors.Is(err, channel.ErrReportSecret) {
			t.Errorf("%q: %v", secret, err)
		}
	}
	signed := func(algorithm, encoding string) func(*channel.ReceiptSettings) {
		return func(s *channel.ReceiptSettings) { s.Algorithm, s.Encoding = algorithm, encoding }
	}
	sign := func(algorithm, stamp, nonce, body string) []byte {
		over := []byte(stamp + "\n" + nonce + "\n" + body)
		if algorithm == "hmac-sm3" {
			return digest.HMAC([]byte(receiptSecret), over)
		}
		mac := hmac.New(sha256.New, []byte(receiptSecret))
		mac.Write(over)
		return mac.Sum(nil)
	}
	header := func(stamp, signature string) http.Header {
		return http.Header{"X-Timestamp": {stamp}, "X-Nonce": {"n"}, "X-Signature": {signature}, "Content-Type": {"application/json"}}
	}
	at := func(d time.Duration) string { return fmt.Sprint(now.Add(d).Unix()) }
	for _, algorithm := range []string{"hmac-sha256", "hmac-sm3"} {
		good := hex.EncodeToString(sign(algorithm, at(0), "n", body))
		reader := receipts(t, now, signed(algorithm, "hex"))
		if all, err := reader.Read("", header(at(0), good), []byte(body)); err != nil || len(all.Reports) != 1 {
			t.Errorf("%s: %v %v", algorithm, all, err)
		}
		coded := base64.StdEncoding.EncodeToString(sign(algorithm, fmt.Sprint(now.UnixMilli()), "n", body))
		if _, err := receipts(t, now, signed(algorithm, "base64")).Read("", header(fmt.Sprint(now.UnixMilli()), coded), []byte(body)); err != nil {
			t.Errorf("%s in milliseconds and base64: %v", algorithm, err)
		}
		for name, refused := range map[string]func() error{
			"another body":        func() error { _, err := reader.Read("", header(at(0), good), []byte(body+" ")); return err },
			"another time":        func() error { _, err := reader.Read("", header(at(time.Second), good), []byte(body)); return err },
			"no signature":        func() error { _, err := reader.Read("", header(at(0), ""), []byte(body)); return err },
			"the secret as a way": func() error { _, err := reader.Read(receiptSecret, header(at(0), good), []byte(body)); return err },
			"too old": func() error {
				_, err := reader.Read("", header(at(-6*time.Minute), hex.EncodeToString(sign(algorithm, at(-6*time.Minute), "n", body))), []byte(body))
				return err
			},
			"of tomorrow": func() error {
				_, err := reader.Read("", header(at(24*time.Hour), hex.EncodeToString(sign(algorithm, at(24*time.Hour), "n", body))), []byte(body))
				return err
			},
		} {
			if err := refused(); !errors.Is(err, channel.ErrReportSecret) {
				t.Errorf("%s, %s: %v", algorithm, name, err)
			}
		}
	}
	if _, err := channel.NewReceipts("carrier", channel.Mobile, receiptSettings(nil), "short", time.Now); err == nil {
		t.Error("a short secret is taken")
	}
}

func TestSettingsOfReceiptsAreChecked(t *testing.T) {
	for name, row := range map[string]struct {
		change func(*channel.ReceiptSettings)
		want   string
	}{
		"fine":               {nil, ""},
		"signed":             {func(s *channel.ReceiptSettings) { s.Algorithm = "hmac-sm3" }, ""},
		"no secret":          {func(s *channel.ReceiptSettings) { s.Secret = "" }, "secret_file"},
		"no state":           {func(s *channel.ReceiptSettings) { s.State = "" }, "go together"},
		"another algorithm":  {func(s *channel.ReceiptSettings) { s.Algorithm = "md5" }, ".algorithm"},
		"another encoding":   {func(s *channel.ReceiptSettings) { s.Encoding = "hax" }, ".encoding"},
		"signs nothing":      {func(s *channel.ReceiptSettings) { s.Algorithm, s.Over = "hmac-sm3", "{timestamp}" }, "{body}"},
		"another word":       {func(s *channel.ReceiptSettings) { s.Over = "{to}{body}{timestamp}" }, "{to}"},
		"both at once":       {func(s *channel.ReceiptSettings) { s.Failed = []string{"DELIVRD"} }, "delivered too"},
		"no header":          {func(s *channel.ReceiptSettings) { s.NonceHeader = "x y" }, "header"},
		"an answer too long": {func(s *channel.ReceiptSettings) { s.Answer = strings.Repeat("x", 300) }, ".answer"},
	} {
		settings := channel.Settings{Countries: channel.DefaultCountries, PerAddress: 1, PerNetwork: 1, SMS: []channel.ProviderSettings{{Name: "carrier", HTTP: channel.HTTPSettings{URL: "https://sms.example.com/send", Body: map[string]any{"to": "{to}"},
			Success: channel.Success{Reference: "id"}, Receipts: receiptSettings(row.change)}}}}
		settings.SetDefaults()
		faults := strings.Join(settings.Check(), "\n")
		if row.want == "" && faults != "" || !strings.Contains(faults, row.want) {
			t.Errorf("%s: %q", name, faults)
		}
	}
}

// FuzzReports: whatever comes, there is an answer, bounded and of one provider.
func FuzzReports(f *testing.F) {
	f.Add("application/json", []byte(`{"id":"m1","status":"DELIVRD"}`))
	f.Add("application/x-www-form-urlencoded", []byte("id=m1&status=UNDELIV"))
	f.Add("", []byte(`[[1]]`))
	reader := receipts(f, time.Unix(0, 0), nil)
	f.Fuzz(func(t *testing.T, form string, body []byte) {
		told, err := reader.Read(receiptSecret, http.Header{"Content-Type": {form}}, body)
		all := told.Reports
		if err != nil && len(all) > 0 || len(all) > channel.MaxReports {
			t.Fatal(len(all), err)
		}
		for _, r := range all {
			if r.Reference == "" || len(r.Reference) > 256 || r.Provider != "carrier" || r.State != channel.Delivered && r.State != channel.Failed && r.State != channel.Unknown {
				t.Fatalf("%+v", r)
			}
		}
	})
}
