package apptest

import "testing"

func TestX27WhatTheCanaryKnows(t *testing.T) {
	for text, want := range map[string]string{
		`{"to":"13800138000"}`: "13800138000", "a 11010519491231002X b": "11010519491231002X", "110105194912310021": "110105194912310021", "x\n19912345678": "19912345678",
		"113800138000": "", "req_13800138000": "", "a13800138000": "", "12800138000": "", "110105194913310021": "", "1.2.156.3005.2": "", "": "", "2026-11-26T12:00:00.123456789Z": "",
	} {
		if got := personalIn(text); got != want {
			t.Errorf("%q: %q, not %q", text, got, want)
		}
	}
}
