package jose

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/emmansun/gmsm/sm2"
)

// Tokens of the private numbers 01…01 (signature) and 02…02 (encryption), which anybody may know.
const (
	fuzzRaw           = "eyJhbGciOiJTR0RfU00zX1NNMiIsInR5cCI6IkpXVCIsImtpZCI6InNtIn0.eyJleHAiOjI1MzQwMjMwMDc5OX0.VOqRERMenLhmAt1j5aOT-4-JeA6aHtqfiEPrTVqKMkAepdMSWMW9Fc9wqkp66W5-ITJ-_5PSsEWeAX1F01ICjw"
	fuzzDER           = "eyJhbGciOiJTR0RfU00zX1NNMiIsInR5cCI6IkpXVCIsImtpZCI6InNtIn0.eyJleHAiOjI1MzQwMjMwMDc5OX0.MEQCIAtxjg5-QF5L5a9U4FaPS4W5OBMx6fu8oN-qkfDkHZXiAiA_DsxsaXnBCoy24mwT__IKzBrvV9FHeeO6tXlJlCknvA"
	fuzzEncryptedRaw  = "eyJhbGciOiJTR0RfU00yXzMiLCJlbmMiOiJTR0RfU000X0dDTSIsImtpZCI6ImVuYyIsImN0eSI6IkpXVCJ9.BOSGHVtY36CI4NoxFND9MAv6oK7_m74r3zv8GX4fUCPwqsbtsaHRF3AAsUxeuc6kWeCcV1TrmVyUifTkqxK60udElLTX3my_CzgGG8pVvFHwgyaCXaPVtAHCOE3a-zGqSY2wvfOzIPIy-lTRoXA7_tA.QvQyWVnXTwyzeVbS.GtHgkfrtEw-4bA.IQq2t0VUANXqx0lPj9mi7A"
	fuzzEncryptedASN1 = "eyJhbGciOiJTR0RfU00yXzMiLCJlbmMiOiJTR0RfU000X0dDTSIsImtpZCI6ImVuYyIsImN0eSI6IkpXVCJ9.MHgCIAVu45e7DjtpHavCBs6ucu7jGGPL44HAb60_cIK0B0oAAiBo0IFVpLYiVl-fA7ln0zyqS0h4VT6vXDN-FYOb6Jw3GgQgHl2rwvhROPQ0d2g0My3gpMJrTdOEdX2ICTAE0wFvpmoEEL7piNGKQ2hx7BAZ7wmKhE4.c6q1hlJHaOdT-y4b.-lzntAvLgfxeFw.gL84nsy-ZucqRoY3j34RxA"
)

// FuzzVerifySM2: nothing but the two tokens that were signed is ever accepted, and each in its own encoding alone.
func FuzzVerifySM2(f *testing.F) {
	key, err := sm2.NewPrivateKey(bytes.Repeat([]byte{1}, 32))
	if err != nil {
		f.Fatal(err)
	}
	set := mustSet(f, testSigner{"sm", SM2SM3, key})
	f.Fuzz(func(t *testing.T, token string) {
		for encoding, signed := range map[SignatureEncoding]string{SignatureRaw: fuzzRaw, SignatureDER: fuzzDER} {
			_, err := Verify(token, set, Policy{Algorithms: []Algorithm{SM2SM3}, Now: now, SM2Encoding: encoding})
			if (err == nil) != (token == signed) {
				t.Fatalf("%s: %v", encoding, err)
			}
		}
	})
}

// FuzzSplitEncrypted: what is read re-encodes to the same token, and nothing but what was encrypted opens.
func FuzzSplitEncrypted(f *testing.F) {
	key, err := NewDecrypter("enc", bytes.Repeat([]byte{2}, 32))
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, token string) {
		for encoding, made := range map[KeyEncoding]string{KeyRaw: fuzzEncryptedRaw, KeyASN1: fuzzEncryptedASN1} {
			if got, err := Decrypt(t.Context(), token, []Decrypter{key}, DecryptPolicy{Nested: true, KeyEncoding: encoding}); (err == nil) != (token == made) || (got == nil) != (err != nil) {
				t.Fatalf("%s: %v", encoding, err)
			}
			e, err := splitEncrypted(token, encoding, MaxToken)
			if err != nil {
				continue
			}
			wrapped, err := encodeWrapped(e.wrapped, encoding)
			if err != nil {
				t.Fatal(err)
			}
			cut := len(e.sealed) - tagSize
			if again := strings.Join([]string{string(e.protected), encode(wrapped), encode(e.iv), encode(e.sealed[:cut]), encode(e.sealed[cut:])}, "."); again != token {
				t.Fatalf("read %q, wrote %q", token, again)
			}
		}
	})
}

// FuzzParseEncryptionKeys: what is read can be published and read again, and no key of it verifies signatures.
func FuzzParseEncryptionKeys(f *testing.F) {
	f.Fuzz(func(t *testing.T, raw []byte) {
		found, err := ParseEncryptionKeys(raw)
		if err != nil {
			return
		}
		again, err := json.Marshal(map[string]any{"keys": found})
		if err != nil {
			t.Fatal(err)
		}
		if read, err := ParseEncryptionKeys(again); len(found) > 0 && err != nil || len(read) != len(found) {
			t.Fatalf("what was read cannot be read again: %v", err)
		}
		set, err := ParseKeySet(raw, true)
		if err != nil {
			return
		}
		for _, signing := range set.Keys() {
			for _, key := range found {
				if key.Public.Equal(signing.Public) {
					t.Fatal("one key for both")
				}
			}
		}
	})
}
