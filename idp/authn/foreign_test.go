package authn_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"golang.org/x/crypto/bcrypt"

	"github.com/yinxin-gov/yinxin/idp/authn"
	"github.com/yinxin-gov/yinxin/internal/ident"
)

// Hashes of "Password-1" (of "Password-测试1" where marked) by other programs: openssl passwd, Python's hashlib and crypt.
var foreignHashes = map[string]string{
	"SHA-512 crypt":         "$6$abcdefgh$PI3cys6XWk8b5.wubfsvoBp/zZXCEzkEYapOEn9p9RvT9hQS4iZDfrRQ1jJHPBlWfpnH/qCrIKHhFAiEplsbh1",
	"SHA-256 crypt":         "$5$saltstring$zN7VmQNTAl9zildifVFNy6EfrJYJgRSWuWOqPvClB.8",
	"SHA-512 crypt, rounds": "$6$rounds=5000$abcdefgh$PI3cys6XWk8b5.wubfsvoBp/zZXCEzkEYapOEn9p9RvT9hQS4iZDfrRQ1jJHPBlWfpnH/qCrIKHhFAiEplsbh1",
	"PBKDF2, Django":        "pbkdf2_sha256$1000$salt$oHLp3lFP75kvXWt8JfrBnxyAmJ4ey/XFoNfj2x7ATdA=",
	"PBKDF2, PHC":           "$pbkdf2-sha512$i=1000$c2FsdHNhbHQ$noUlJOz3p/udfo4toQYcM0agY5JJJgyahff5B09ooihuMQG9sM03yxpj++zsUhByVr8z9KTUUB8TzuJRN8Zx+A",
	"PBKDF2, passlib":       "$pbkdf2-sha512$1000$c2FsdHNhbHQ$noUlJOz3p/udfo4toQYcM0agY5JJJgyahff5B09ooihuMQG9sM03yxpj..zsUhByVr8z9KTUUB8TzuJRN8Zx.A",
	"scrypt":                "$scrypt$ln=10,r=8,p=1$c2FsdHNhbHQ$Qft3awxNpoqQxaiv//oYqyZ3yx3B7jc4f2ni9Oh1nzQ",
	"MD5, Django":           "md5$salt$a71dbbbf5271f1d7303eaa90c3ea791c",
	"SHA-1, salt behind":    "sha1_ps$salt$fee4446eece0a5e5a2024296a24615e35aa9ae6b",
	"SHA-1, LDAP":           "{SSHA}/uREbuzgpeWiAkKWokYV41qprmtzYWx0",
	"MD5, LDAP":             "{MD5}5JErVtBsDmeFfYWS7JOBGA==",
	"SM3":                   "sm3$salt$cf44c62ba96b0764fb412ee7dcdc1f940444be54c9fe84d4dc6f6b2e6286363d",
}

var background = context.Background()

func passwordPool(t *testing.T) *authn.Passwords {
	t.Helper()
	p, err := authn.NewPasswords(ident.System(), 2, authn.Cost{MemoryKiB: 64, Passes: 1})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestHashesOfOtherSystemsAreCheckedAndMarkedForReplacement(t *testing.T) {
	p := passwordPool(t)
	all := map[string]string{}
	for name, text := range foreignHashes {
		all[name] = text
	}
	blowfish, err := bcrypt.GenerateFromPassword([]byte("Password-1"), 4)
	if err != nil {
		t.Fatal(err)
	}
	all["bcrypt"] = string(blowfish)
	all["bcrypt, PHP"] = "$2y$" + string(blowfish[4:])
	for name, text := range all {
		t.Run(name, func(t *testing.T) {
			if err := authn.CheckForeign(text); err != nil {
				t.Fatal(err)
			}
			stored, err := p.Foreign(background, text)
			if err != nil {
				t.Fatal(err)
			}
			if weak := strings.HasPrefix(text, "{") || !strings.HasPrefix(text, "$") && !strings.HasPrefix(text, "pbkdf2"); weak != strings.HasPrefix(stored, "$yxwrap$") || weak != authn.NeedsWrap(text) {
				t.Errorf("stored as %s", stored)
			} else if _, sum, ok := strings.Cut(text, "salt$"); ok && weak && strings.Contains(stored, sum) {
				t.Errorf("the weak hash lies open: %s", stored)
			}
			if weaker, err := p.Check(background, stored, "Password-1"); err != nil || !weaker {
				t.Errorf("%v %v", weaker, err)
			}
			for _, wrong := range []string{"Password-2", "", "password-1", "Password-1 "} {
				if _, err := p.Check(background, stored, wrong); !errors.Is(err, authn.ErrWrong) {
					t.Errorf("%q: %v", wrong, err)
				}
			}
		})
	}
	// Written by crypt(3), with characters outside ASCII.
	for _, text := range []string{"$6$rounds=5000$abcdefgh$OCJN316eWgICT24j7atVlAGPpwnc71AutmV/QKs1sD2.RHmKOVJeMGPf1Ocit9u081CwGRddeimY/zfuhF..X0", "$5$saltsalt$hRKnuqvaXKGVKZ0nawIrZD6l6JrOuWBpuCRB32cx.FB"} {
		if _, err := p.Check(background, text, "Password-测试1"); err != nil {
			t.Errorf("%s: %v", text, err)
		}
	}
	ours, err := p.Rehash(background, "Password-1")
	if err != nil {
		t.Fatal(err)
	}
	if weaker, err := p.Check(background, ours, "Password-1"); err != nil || weaker {
		t.Errorf("our own hash: %v %v", weaker, err)
	}
	lanes := strings.Replace(ours, ",p=1$", ",p=2$", 1)
	if err := authn.CheckForeign(lanes); err != nil {
		t.Error(err)
	}
	if _, err := p.Check(background, lanes, "Password-1"); !errors.Is(err, authn.ErrWrong) { // the lanes change the sum
		t.Errorf("other lanes: %v", err)
	}
}

func TestHashesThatAreNotTaken(t *testing.T) {
	p := passwordPool(t)
	wrapped, err := p.Foreign(background, foreignHashes["SM3"])
	if err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		text string
		want error
	}{
		"empty": {"", authn.ErrHashForm}, "plain text": {"Password-1", authn.ErrHashForm}, "bare MD5": {"e4912b56d06c0e67857d8592ec938118", authn.ErrHashForm}, "a wrap from outside": {wrapped, authn.ErrHashForm},
		"short digest": {"md5$salt$e4912b56d06c0e67", authn.ErrHashForm}, "unknown digest": {"md4$salt$a71dbbbf5271f1d7303eaa90c3ea791c", authn.ErrHashForm}, "DES crypt": {"ab01FAX.bQRSU", authn.ErrHashForm}, "MD5 crypt": {"$1$salt$qJH7.N4xYta3aEG/dfqo/0", authn.ErrHashForm},
		"bcrypt, too dear": {"$2b$15$abcdefghijklmnopqrstuuOjAoHtTmK3LM3CoYGYh8u8Lmuq4jCZa", authn.ErrHashCost}, "bcrypt, cut": {"$2b$10$abcdefghijklmnopqrstuuOjAoHtTmK3LM3CoYGYh8u8Lmuq4jC", authn.ErrHashForm},
		"PBKDF2, too dear": {"pbkdf2_sha256$2000001$salt$oHLp3lFP75kvXWt8JfrBnxyAmJ4ey/XFoNfj2x7ATdA=", authn.ErrHashCost}, "PBKDF2, too cheap": {"pbkdf2_sha256$999$salt$oHLp3lFP75kvXWt8JfrBnxyAmJ4ey/XFoNfj2x7ATdA=", authn.ErrHashCost}, "PBKDF2, empty sum": {"pbkdf2_sha256$1000$salt$", authn.ErrHashForm},
		"scrypt, too dear": {"$scrypt$ln=18,r=8,p=1$c2FsdHNhbHQ$Qft3awxNpoqQxaiv//oYqyZ3yx3B7jc4f2ni9Oh1nzQ", authn.ErrHashCost}, "scrypt, overflow": {"$scrypt$ln=63,r=8,p=1$c2FsdHNhbHQ$Qft3awxNpoqQxaiv//oYqyZ3yx3B7jc4f2ni9Oh1nzQ", authn.ErrHashCost},
		"Argon2, too dear": {"$argon2id$v=19$m=1048576,t=2,p=1$c2FsdHNhbHQ$c2FsdHNhbHRzYWx0c2FsdA", authn.ErrHashCost}, "Argon2, no lanes": {"$argon2id$v=19$m=64,t=2,p=0$c2FsdHNhbHQ$c2FsdHNhbHRzYWx0c2FsdA", authn.ErrHashCost}, "Argon2d": {"$argon2d$v=19$m=64,t=2,p=1$c2FsdHNhbHQ$c2FsdHNhbHRzYWx0c2FsdA", authn.ErrHashForm}, "Argon2, old version": {"$argon2id$v=16$m=64,t=2,p=1$c2FsdHNhbHQ$c2FsdHNhbHRzYWx0c2FsdA", authn.ErrHashForm},
		"SHA-crypt, too dear": {"$6$rounds=1000001$abcdefgh$PI3cys6XWk8b5.wubfsvoBp/zZXCEzkEYapOEn9p9RvT9hQS4iZDfrRQ1jJHPBlWfpnH/qCrIKHhFAiEplsbh1", authn.ErrHashCost}, "SHA-crypt, short": {"$6$abcdefgh$PI3cys6X", authn.ErrHashForm}, "SHA-crypt, bare": {"$6$", authn.ErrHashForm},
		"blank inside": {"md5$sa lt$a71dbbbf5271f1d7303eaa90c3ea791c", authn.ErrHashForm}, "long": {"md5$" + strings.Repeat("a", 600) + "$a71dbbbf5271f1d7303eaa90c3ea791c", authn.ErrHashForm},
	} {
		if _, err := p.Foreign(background, test.text); !errors.Is(err, test.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzForeign(f *testing.F) {
	for _, text := range foreignHashes {
		f.Add(text)
	}
	f.Add("$yxwrap$sm3,sp$c2FsdA$m=64,t=1$c2FsdA$c2FsdA")
	f.Add("{SSHA256}")
	f.Fuzz(func(t *testing.T, text string) {
		if err := authn.CheckForeign(text); err != nil && !errors.Is(err, authn.ErrHashForm) && !errors.Is(err, authn.ErrHashCost) {
			t.Errorf("%q: %v", text, err)
		}
	})
}
