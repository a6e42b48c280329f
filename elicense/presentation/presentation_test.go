package presentation

import (
	"bytes"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/emmansun/gmsm/sm2"

	"github.com/yinxin-gov/yinxin/elicense/statuslist"
	"github.com/yinxin-gov/yinxin/keys/pki"
)

var now = time.Date(2026, 11, 24, 9, 30, 0, 0, time.UTC)

const typeCode = "11100000MB0143028R001"

type parties struct{ issuer, holder *sm2.PrivateKey }

func signer(key *sm2.PrivateKey) statuslist.SignFunc {
	return func(message []byte) ([]byte, error) { return key.Sign(rand.Reader, message, sm2.DefaultSM2SignerOpts) }
}

func newKey(t testing.TB) *sm2.PrivateKey {
	t.Helper()
	key, err := sm2.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func newParties(t testing.TB) parties { return parties{newKey(t), newKey(t)} }

func (p parties) view() View {
	return View{
		TypeCode: typeCode, PID: [16]byte{1, 2, 3}, IssuedAt: now, Life: time.Hour, HolderKey: &p.holder.PublicKey,
		Fields: map[int]string{3: "91990000MA7QX0003B", 8: "示例市启明科技有限公司", 15: "张*", 14: "有限责任公司", 5: "示例市市场监督管理局", 17: "2026年11月20日"},
	}
}

func (p parties) key() Key {
	return Key{Public: &p.issuer.PublicKey, Issuer: "示例市市场监督管理局", TypeCodes: []string{typeCode}, NotBefore: now.Add(-time.Hour), NotAfter: now.Add(24 * time.Hour), StatusBase: "https://id.example/status/", StatusSigner: "状态服务"}
}

func (p parties) mint(t testing.TB, view View) Token {
	t.Helper()
	token, err := Mint(view, &p.issuer.PublicKey, signer(p.issuer))
	if err != nil {
		t.Fatal(err)
	}
	return token
}

func (p parties) show(t testing.TB, token Token, device Device) string {
	t.Helper()
	code, err := Show(token, device, signer(p.holder))
	if err != nil {
		t.Fatal(err)
	}
	return code
}

func (p parties) options() Options {
	return Options{
		Keys: []Key{p.key()}, At: now, Consumed: func([16]byte) bool { return false },
		StatusOf: func(*Code, Key) StatusAnswer { return StatusAnswer{Known: true, Source: "list", Time: now} },
	}
}

func TestCodeShownByAPhone(t *testing.T) {
	p := newParties(t)
	token := p.mint(t, p.view())
	code := p.show(t, token, Device{Step: StepAt(now), Challenge: []byte("12345678")})
	octets, err := decodeBase45(strings.TrimPrefix(code, Prefix))
	if err != nil || len(octets) > Budget || len(code) > 600 {
		t.Fatalf("%d octets, %d characters: %v", len(octets), len(code), err)
	}
	t.Logf("code C: %d octets, %d characters", len(octets), len(code))
	options := p.options()
	options.Challenge = []byte("12345678")
	result := Verify(code, options)
	if result.Level != Valid || len(result.Reasons) != 0 || result.Key.Issuer != "示例市市场监督管理局" || result.Status.Source != "list" {
		t.Fatalf("%+v", result)
	}
	got := result.Code.View
	if got.PID != p.view().PID || got.Fields[8] != "示例市启明科技有限公司" || !got.Expires().Equal(now.Add(time.Hour)) || !got.HolderKey.Equal(&p.holder.PublicKey) {
		t.Errorf("%+v", got)
	}
}

func TestLongValuesAreShortenedToTheBudget(t *testing.T) {
	p := newParties(t)
	view := p.view()
	view.Fields[8] = strings.Repeat("长", 100)
	code := p.show(t, p.mint(t, view), Device{Step: StepAt(now), Challenge: []byte("12345678")})
	if octets, _ := decodeBase45(strings.TrimPrefix(code, Prefix)); len(octets) > Budget {
		t.Errorf("%d octets", len(octets))
	}
	decoded, err := Decode(code)
	if err != nil {
		t.Fatal(err)
	}
	if name := decoded.View.Fields[8]; !strings.HasSuffix(name, "长…") || decoded.View.Fields[14] != "有限责任公司" {
		t.Errorf("%v", decoded.View.Fields)
	}
	view.Fields = map[int]string{}
	for i := 1; i <= 40; i++ {
		view.Fields[i] = "一二三四"
	}
	if _, err := Mint(view, &p.issuer.PublicKey, signer(p.issuer)); !errors.Is(err, ErrMake) {
		t.Errorf("forty fields: %v", err)
	}
}

func TestL01Expired(t *testing.T) {
	p := newParties(t)
	token := p.mint(t, p.view())
	step := StepAt(now)
	for _, test := range []struct {
		name string
		step uint64
		at   time.Time
		want Reason
	}{
		{"now", step, now, ""},
		{"two steps late", step - 2, now, ""},
		{"two steps early", step + 2, now, ""},
		{"three steps late", step - 3, now, ReasonExpired},
		{"three steps early", step + 3, now, ReasonExpired},
		{"a step of the year 10^12", 1 << 63, now, ReasonExpired},
		{"end of life with 90 s", StepAt(now.Add(time.Hour + 90*time.Second)), now.Add(time.Hour + 90*time.Second), ""},
		{"past its life", StepAt(now.Add(time.Hour + 91*time.Second)), now.Add(time.Hour + 91*time.Second), ReasonExpired},
		{"verifier's clock 90 s behind", StepAt(now.Add(-90 * time.Second)), now.Add(-90 * time.Second), ""},
		{"issued in the future", StepAt(now.Add(-91 * time.Second)), now.Add(-91 * time.Second), ReasonNotYet},
	} {
		options := p.options()
		options.At = test.at
		result := Verify(p.show(t, token, Device{Step: test.step}), options)
		if test.want == "" && result.Level != Valid || test.want != "" && (result.Level != Invalid || result.Reasons[0] != test.want) {
			t.Errorf("%s: %v %v", test.name, result.Level, result.Reasons)
		}
	}
	options := p.options()
	options.At, options.IgnoreSteps = now.Add(100*time.Hour), true
	if result := Verify(p.show(t, token, Device{Step: step}), options); result.Level != Valid {
		t.Errorf("kept code: %v", result.Reasons)
	}
}

func TestL02Consumed(t *testing.T) {
	p := newParties(t)
	code := p.show(t, p.mint(t, p.view()), Device{Step: StepAt(now)})
	options := p.options()
	seen := map[[16]byte]bool{}
	options.Consumed = func(pid [16]byte) bool {
		defer func() { seen[pid] = true }()
		return seen[pid]
	}
	if result := Verify(code, options); result.Level != Valid {
		t.Fatalf("first: %v", result.Reasons)
	}
	if result := Verify(code, options); result.Level != Invalid || result.Reasons[0] != ReasonConsumed {
		t.Errorf("second: %v", result.Reasons)
	}
	options.Consumed = nil
	if result := Verify(code, options); result.Level != Indeterminate || !result.Has(ReasonNoChallenge) {
		t.Errorf("neither cache nor challenge: %v %v", result.Level, result.Reasons)
	}
}

func TestL03Forged(t *testing.T) {
	p, other := newParties(t), newParties(t)
	token := p.mint(t, p.view())
	device := Device{Step: StepAt(now)}
	good := p.show(t, token, device)
	otherScope, early := p.key(), p.key()
	otherScope.TypeCodes = []string{"11100000MB03271699001"}
	early.NotBefore = now.Add(time.Minute)
	late := p.key()
	late.NotAfter = now.Add(-time.Minute)
	collision := other.key()
	changed := token
	changed.View = bytes.Replace(changed.View, []byte("启明"), []byte("启暗"), 1)
	foreign := other.mint(t, p.view())
	notHolder := p
	notHolder.holder = other.holder
	if _, err := Show(token, device, signer(other.holder)); !errors.Is(err, ErrMake) {
		t.Errorf("another holder's key shows the token: %v", err)
	}
	decoded, err := Decode(good)
	if err != nil {
		t.Fatal(err)
	}
	repack := func(parts ...any) string {
		code, err := pack(parts...)
		if err != nil {
			t.Fatal(err)
		}
		return code
	}
	newDevice, err := statuslist.Encode(Device{Step: StepAt(now) + 1, Challenge: []byte{}})
	if err != nil {
		t.Fatal(err)
	}
	options := func(change func(*Options)) Options {
		o := p.options()
		if change != nil {
			change(&o)
		}
		return o
	}
	for _, test := range []struct {
		name    string
		code    string
		options Options
		want    Reason
	}{
		{"unknown key", good, options(func(o *Options) { o.Keys = []Key{other.key()} }), ReasonUnknownKey},
		{"signed by another issuer", p.show(t, foreign, device), options(nil), ReasonUnknownKey},
		{"re-signed under our key's name", repack(1, token.View, foreign.Signature, decoded.DeviceRaw, decoded.HolderSig), options(nil), ReasonIssuerSignature},
		{"field changed", repack(1, changed.View, token.Signature, decoded.DeviceRaw, decoded.HolderSig), options(nil), ReasonIssuerSignature},
		{"signature of zeros", repack(1, token.View, make([]byte, 64), decoded.DeviceRaw, decoded.HolderSig), options(nil), ReasonIssuerSignature},
		{"step moved on", repack(1, token.View, token.Signature, newDevice, decoded.HolderSig), options(nil), ReasonHolderSignature},
		{"L-09 key of another type", good, options(func(o *Options) { o.Keys = []Key{otherScope} }), ReasonIssuerScope},
		{"key not yet in use", good, options(func(o *Options) { o.Keys = []Key{early} }), ReasonIssuerScope},
		{"key no longer in use", good, options(func(o *Options) { o.Keys = []Key{late} }), ReasonIssuerScope},
		{"another challenge", good, options(func(o *Options) { o.Challenge = []byte("abcdefgh") }), ReasonChallenge},
		{"two keys, the second fits", good, options(func(o *Options) { o.Keys = []Key{collision, p.key()} }), ""},
	} {
		result := Verify(test.code, test.options)
		if test.want == "" && result.Level != Valid || test.want != "" && (result.Level != Invalid || result.Reasons[0] != test.want) {
			t.Errorf("%s: %v %v", test.name, result.Level, result.Reasons)
		}
	}
	for n := len(good) - 1; n > 0; n -= 37 {
		if result := Verify(good[:n], p.options()); result.Level != Invalid {
			t.Errorf("cut at %d: %v", n, result.Level)
		}
	}
}

func TestL04OddTextIsRefusedFast(t *testing.T) {
	p := newParties(t)
	token := p.mint(t, p.view())
	good := p.show(t, token, Device{Step: StepAt(now)})
	decoded, err := Decode(good)
	if err != nil {
		t.Fatal(err)
	}
	octets, _ := decodeBase45(strings.TrimPrefix(good, Prefix))
	raw := func(data []byte) string { return Prefix + encodeBase45(data) }
	repack := func(parts ...any) string {
		code, err := pack(parts...)
		if err != nil {
			t.Fatal(err)
		}
		return code
	}
	deviceOf := func(d Device) []byte {
		out, err := statuslist.Encode(d)
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	for name, code := range map[string]string{
		"empty":                      "",
		"prefix only":                Prefix,
		"other prefix":               "LZ2:" + good[4:],
		"address":                    "https://id.example/v/1",
		"lower case":                 strings.ToLower(good),
		"space at the end":           good + " ",
		"megabytes":                  Prefix + strings.Repeat("A", 10<<20),
		"lone character":             Prefix + "AAAA",
		"group out of range":         Prefix + ":::",
		"pair out of range":          Prefix + "::",
		"not UTF-8":                  Prefix + "\xff\xfe\xfd",
		"nested arrays":              raw(bytes.Repeat([]byte{0x81}, 1000)),
		"trailing octet":             raw(append(bytes.Clone(octets), 0)),
		"four parts":                 repack(1, token.View, token.Signature, decoded.DeviceRaw),
		"version 2":                  repack(2, token.View, token.Signature, decoded.DeviceRaw, decoded.HolderSig),
		"text for octets":            repack(1, string(token.View[:0])+"x", token.Signature, decoded.DeviceRaw, decoded.HolderSig),
		"null for octets":            repack(1, nil, token.Signature, decoded.DeviceRaw, decoded.HolderSig),
		"short issuer signature":     repack(1, token.View, token.Signature[:63], decoded.DeviceRaw, decoded.HolderSig),
		"short holder signature":     repack(1, token.View, token.Signature, decoded.DeviceRaw, decoded.HolderSig[:63]),
		"no device part":             repack(1, token.View, token.Signature),
		"challenge of seven octets":  repack(1, token.View, token.Signature, deviceOf(Device{Challenge: make([]byte, 7)}), decoded.HolderSig),
		"challenge null":             repack(1, token.View, token.Signature, []byte{0x82, 0x00, 0xf6}, decoded.HolderSig),
		"view with trailing octet":   repack(1, append(bytes.Clone(token.View), 0), token.Signature, decoded.DeviceRaw, decoded.HolderSig),
		"view with duplicate key":    repack(1, append([]byte{token.View[0] + 1, 0x01, 0x01}, token.View[1:]...), token.Signature, decoded.DeviceRaw, decoded.HolderSig),
		"compressed octets, not one": raw([]byte{0x78, 0x9c, 1, 2, 3}),
	} {
		if name == "megabytes" {
			if allocations := testing.AllocsPerRun(10, func() { Verify(code, p.options()) }); allocations > 20 {
				t.Errorf("%s: %v allocations", name, allocations)
			}
		}
		if _, err := Decode(code); !errors.Is(err, ErrFormat) {
			t.Errorf("%s: %v", name, err)
		}
		if result := Verify(code, p.options()); result.Level != Invalid || result.Reasons[0] != ReasonFormat || result.Code != nil {
			t.Errorf("%s: %v %v", name, result.Level, result.Reasons)
		}
	}
}

func TestViewsThatAreRefused(t *testing.T) {
	p := newParties(t)
	p256 := p.view()
	off := *p256.HolderKey
	off.Curve = nil
	for name, change := range map[string]func(*View){
		"no type":                    func(v *View) { v.TypeCode = "" },
		"no fields":                  func(v *View) { v.Fields = nil },
		"empty field":                func(v *View) { v.Fields[1] = "" },
		"field 0":                    func(v *View) { v.Fields[0] = "x" },
		"field 256":                  func(v *View) { v.Fields[256] = "x" },
		"field not UTF-8":            func(v *View) { v.Fields[1] = "\xff" },
		"no life":                    func(v *View) { v.Life = 0 },
		"life without end":           func(v *View) { v.Life = MaxLife + time.Second; v.Status = &StatusEntry{} },
		"long life without status":   func(v *View) { v.Life = ShortLife + time.Second },
		"short life that is linked":  func(v *View) { v.Status = &StatusEntry{List: 1} },
		"status outside the shard":   func(v *View) { v.Life = 48 * time.Hour; v.Status = &StatusEntry{Index: statuslist.Size} },
		"issued before 1970":         func(v *View) { v.IssuedAt = time.Unix(0, 0) },
		"holder key without a curve": func(v *View) { v.HolderKey = &off },
	} {
		view := p.view()
		change(&view)
		if _, err := Mint(view, &p.issuer.PublicKey, signer(p.issuer)); !errors.Is(err, ErrMake) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := Mint(p.view(), &p.issuer.PublicKey, signer(p.holder)); !errors.Is(err, ErrMake) {
		t.Errorf("another key than the one named: %v", err)
	}
	token := p.mint(t, p.view())
	if _, err := Show(token, Device{Challenge: []byte("short")}, signer(p.holder)); !errors.Is(err, ErrMake) {
		t.Errorf("challenge: %v", err)
	}
	if _, err := Paper(token); !errors.Is(err, ErrMake) {
		t.Errorf("a phone's token on paper: %v", err)
	}
	broken := bytes.Clone(token.View)
	at := bytes.LastIndexByte(broken, 0x58) // the holder key: 58 21 02|03 …
	broken[at+2] = 5
	if _, err := Show(Token{View: broken, Signature: token.Signature}, Device{}, signer(p.holder)); !errors.Is(err, ErrMake) {
		t.Errorf("holder key off the curve: %v", err)
	}
}

func TestPaperCode(t *testing.T) {
	p := newParties(t)
	view := p.view()
	view.HolderKey, view.Life, view.Status = nil, 100*24*time.Hour, &StatusEntry{List: 4, Index: 77}
	token := p.mint(t, view)
	code, err := Paper(token)
	if err != nil {
		t.Fatal(err)
	}
	options := p.options()
	options.At = now.Add(99 * 24 * time.Hour)
	options.StatusOf = func(c *Code, key Key) StatusAnswer {
		if *c.View.Status != (StatusEntry{List: 4, Index: 77}) || key.StatusBase != "https://id.example/status/" {
			t.Errorf("asked about %+v", c.View.Status)
		}
		return StatusAnswer{Known: true, Source: "list", Time: options.At}
	}
	if result := Verify(code, options); result.Level != Valid {
		t.Errorf("%v", result.Reasons)
	}
	options.Challenge = []byte("12345678")
	if result := Verify(code, options); result.Reasons[0] != ReasonChallenge {
		t.Errorf("paper answers a challenge: %v", result.Reasons)
	}
	if _, err := Show(token, Device{}, signer(p.holder)); !errors.Is(err, ErrMake) {
		t.Errorf("a paper token shown by a phone: %v", err)
	}
}

func TestL05StatusAtScanTimeWins(t *testing.T) {
	p := newParties(t)
	code := p.show(t, p.mint(t, p.view()), Device{Step: StepAt(now)})
	for status, want := range map[statuslist.Status]Reason{statuslist.Ended: ReasonEnded, statuslist.NotUsable: ReasonSuspended, statuslist.Replaced: ReasonReplaced} {
		options := p.options()
		options.StatusOf = func(*Code, Key) StatusAnswer {
			return StatusAnswer{Known: true, Status: status, Source: "online", Time: now}
		}
		if result := Verify(code, options); result.Level != Invalid || result.Reasons[0] != want {
			t.Errorf("%d: %v %v", status, result.Level, result.Reasons)
		}
		// A stale source that says "ended" is still believed: ended is final.
		options.StatusOf = func(*Code, Key) StatusAnswer { return StatusAnswer{Status: status, Source: "list", Time: now} }
		if result := Verify(code, options); result.Level != Invalid {
			t.Errorf("stale %d: %v", status, result.Level)
		}
	}
}

func TestL08StaleStatusOrKey(t *testing.T) {
	p := newParties(t)
	code := p.show(t, p.mint(t, p.view()), Device{Step: StepAt(now)})
	for _, test := range []struct {
		name   string
		change func(*Options)
		want   Reason
	}{
		{"no bundle", func(o *Options) { o.Keys = nil }, ReasonNoBundle},
		{"bundle too old", func(o *Options) { o.KeysStale = true }, ReasonBundleStale},
		{"nobody asked about the status", func(o *Options) { o.StatusOf = nil }, ReasonNoStatus},
		{"status too old", func(o *Options) {
			o.StatusOf = func(*Code, Key) StatusAnswer { return StatusAnswer{Source: "list", Time: now.Add(-48 * time.Hour)} }
		}, ReasonNoStatus},
		{"in the delta", func(o *Options) {
			o.StatusOf = func(*Code, Key) StatusAnswer { return StatusAnswer{Known: true, Hit: true, Source: "list", Time: now} }
		}, ReasonMaybeChange},
	} {
		options := p.options()
		test.change(&options)
		if result := Verify(code, options); result.Level != Indeterminate || !result.Has(test.want) {
			t.Errorf("%s: %v %v", test.name, result.Level, result.Reasons)
		}
	}
}

func TestBundle(t *testing.T) {
	p := newParties(t)
	key := newKey(t)
	root, err := pki.MakeCertificate(rand.Reader, pki.CertificateTemplate{Profile: pki.ProfileRoot, Subject: pki.Subject{CommonName: "根"}, NotBefore: now.Add(-time.Hour), NotAfter: now.Add(1000 * time.Hour)}, nil, key)
	if err != nil {
		t.Fatal(err)
	}
	service := newKey(t)
	leaf, err := pki.MakeCertificate(rand.Reader, pki.CertificateTemplate{Profile: pki.ProfileService, Subject: pki.Subject{CommonName: "信任列表"}, PublicKey: &service.PublicKey, NotBefore: now.Add(-time.Hour), NotAfter: now.Add(900 * time.Hour)}, root, key)
	if err != nil {
		t.Fatal(err)
	}
	bundle := Bundle{Number: 3, Issued: now, NextUpdate: now.Add(24 * time.Hour), Keys: []Key{p.key()}}
	data, err := bundle.Sign([][]byte{leaf.Raw}, signer(service))
	if err != nil {
		t.Fatal(err)
	}
	opened, err := OpenBundle(data)
	if err != nil || !IsBundle(data) {
		t.Fatal(err)
	}
	if got := opened.Keys[0]; !got.Public.Equal(&p.issuer.PublicKey) || got.StatusSigner != "状态服务" || got.ID() != p.key().ID() || !got.NotAfter.Equal(p.key().NotAfter) {
		t.Errorf("%+v", got)
	}
	trust := statuslist.Trust{Roots: pki.NewPool(root), At: now}
	if _, err := opened.Judge(trust); err != nil {
		t.Error(err)
	}
	if _, err := opened.Judge(statuslist.Trust{At: now}); !errors.Is(err, statuslist.ErrUntrusted) {
		t.Errorf("no roots: %v", err)
	}
	if _, err := (&Bundle{}).Judge(trust); !errors.Is(err, statuslist.ErrUntrusted) {
		t.Errorf("unsigned: %v", err)
	}
	for age, stale := range map[time.Duration]bool{0: false, MaxBundleAge: false, MaxBundleAge + time.Second: true, -ClockSkew - time.Second: true} {
		if opened.Stale(now.Add(age)) != stale {
			t.Errorf("age %v", age)
		}
	}
	if _, err := OpenBundle(append(bytes.Clone(data), 0)); !errors.Is(err, statuslist.ErrFormat) {
		t.Errorf("trailing octet: %v", err)
	}
	for name, change := range map[string]func(*Bundle){
		"number":     func(b *Bundle) { b.Number = 0 },
		"times":      func(b *Bundle) { b.NextUpdate = b.Issued },
		"key period": func(b *Bundle) { b.Keys[0].NotAfter = b.Keys[0].NotBefore },
		"key scope":  func(b *Bundle) { b.Keys[0].TypeCodes = nil },
		"key status": func(b *Bundle) { b.Keys[0].StatusSigner = "" },
		"key base":   func(b *Bundle) { b.Keys[0].StatusBase = "" },
		"key":        func(b *Bundle) { b.Keys[0].Public = nil },
	} {
		broken := bundle
		broken.Keys = []Key{p.key()}
		change(&broken)
		if _, err := broken.Sign([][]byte{leaf.Raw}, signer(service)); !errors.Is(err, ErrMake) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, body := range map[string]bundleBody{
		"no number": {Issued: 1, NextUpdate: 2, Keys: []keyBody{}},
		"bad point": {Number: 1, Issued: 1, NextUpdate: 2, Keys: []keyBody{{Point: []byte{4}, TypeCodes: []string{"x"}, NotBefore: 1, NotAfter: 2, StatusBase: "x", StatusSigner: "x"}}},
	} {
		data, err := statuslist.SignObject(statuslist.KindTrust, body, [][]byte{leaf.Raw}, signer(service))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := OpenBundle(data); !errors.Is(err, ErrFormat) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestBase45 holds the examples of RFC 9285 4.3 and 4.4.
func TestBase45(t *testing.T) {
	for text, want := range map[string]string{"AB": "BB8", "Hello!!": "%69 VD92EX0", "base-45": "UJCLQE7W581", "ietf!": "QED8WEX0", "": ""} {
		if got := encodeBase45([]byte(text)); got != want {
			t.Errorf("%q: %q", text, got)
		}
		if got, err := decodeBase45(want); err != nil || string(got) != text {
			t.Errorf("%q: %q %v", want, got, err)
		}
	}
	for _, bad := range []string{"A", "GGW", ":::", "::", "ab8", "BB8Ä", "=="} {
		if _, err := decodeBase45(bad); err == nil {
			t.Errorf("%q is accepted", bad)
		}
	}
}

func FuzzBase45(f *testing.F) {
	f.Add("BB8")
	f.Fuzz(func(t *testing.T, text string) {
		if data, err := decodeBase45(text); err == nil && encodeBase45(data) != text {
			t.Errorf("%q does not come back", text)
		}
	})
}

func FuzzVerify(f *testing.F) {
	p := newParties(f)
	good := p.show(f, p.mint(f, p.view()), Device{Step: StepAt(now)})
	f.Add(good, []byte{})
	octets, _ := decodeBase45(strings.TrimPrefix(good, Prefix))
	f.Add("", octets)
	f.Fuzz(func(t *testing.T, text string, octets []byte) {
		for _, code := range []string{text, Prefix + encodeBase45(octets)} {
			result := Verify(code, p.options())
			if result.Level == Valid && (result.Code == nil || result.Key == nil) {
				t.Error("valid without a code or key")
			}
			if decoded, err := Decode(code); err == nil && decoded.Device != nil {
				again, err := pack(1, decoded.Token.View, decoded.Token.Signature, decoded.DeviceRaw, decoded.HolderSig)
				if err != nil || again != code {
					t.Errorf("%q comes back as %q", code, again)
				}
			}
		}
	})
}

func BenchmarkVerify(b *testing.B) {
	p := newParties(b)
	code := p.show(b, p.mint(b, p.view()), Device{Step: StepAt(now)})
	options := p.options()
	for b.Loop() {
		if Verify(code, options).Level != Valid {
			b.Fatal("not valid")
		}
	}
}

func BenchmarkMint(b *testing.B) {
	p := newParties(b)
	n := uint64(0)
	for b.Loop() {
		view := p.view()
		n++
		binary.BigEndian.PutUint64(view.PID[:], n)
		p.mint(b, view)
	}
}
