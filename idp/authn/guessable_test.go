package authn_test

import (
	"context"
	"testing"

	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/ident"
)

// TestA06GuessablePasswordsAreRefused: what is tried first is no password, whoever takes it; what is not, is, however simple.
func TestA06GuessablePasswordsAreRefused(t *testing.T) {
	p := pool(t, 1, ident.System())
	own := []string{"13800138000", "zhang.wei@example.cn", "zhang.wei", "11010519491231002X", "wei", ""}
	for password, refused := range map[string]bool{
		"1qaz2wsx": true, "Password1": true, "WoAiNi1314": true, "aa123456": true, "michelle1": true, "P@ssw0rd!": true, "qwertyui": true, "asdfghjk1": true, "1q2w3e4r": false, "q1w2e3r4t5": false, // common
		"5201314520": true, "iloveyou521": true, "admin@2026": true, "wangzhang88": true, "zhang19900101": true, "summer-2026": true, "mimamima": true, "1qazxsw2": true,
		"12345678": true, "87654321": true, "67890123": true, "21098765": true, "abcdefgh": true, "ZYXWVUTS": true, // rows
		"aaaaaaaa": true, "abababab": true, "abcabcabc": true, "20202020": true, "甲乙丙丁甲乙丙丁": true, "12351235123": true, // repeated
		"19900101": true, "20081231": true, "31121990": true, "02291996": true, // days
		"13800138000": true, "13800138000a": true, "Zhang.Wei@example.cn1": true, "zhang.wei12": true, "11010519491231002x": true, // its own names
		"19901301": false, "19900230": false, "18990101": false, // no days of this century or the last
		"13900139000": false, "13800138000-und-mehr": false, "weiweiba-3": false, // of others, long enough besides, too short to count
		"correct horse": false, "abcdefgi": false, "一二三四五六七八": false, "12345679": false, "summer-rain-2026": false, "dragon of the hill": false, "k7m2p9x4": false, "plain tea 7": false,
	} {
		_, err := p.Hash(context.Background(), password, own...)
		if got := fault.CodeOf(err) == fault.PasswordRefused; got != refused || err != nil && !got {
			t.Errorf("%s: %v", password, err)
		}
	}
}

// TestPasswordInUseIsHashedAnew although nobody could choose it today.
func TestPasswordInUseIsHashedAnew(t *testing.T) {
	p := pool(t, 1, ident.System())
	hash, err := p.Rehash(context.Background(), "12345678")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.Check(context.Background(), hash, "12345678"); err != nil {
		t.Error(err)
	}
	if _, err := p.Rehash(context.Background(), "a\x00bcdefgh"); fault.CodeOf(err) != fault.PasswordRefused {
		t.Errorf("A-31: %v", err)
	}
}
