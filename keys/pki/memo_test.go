package pki

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	mathrand "math/rand/v2"
	"sync"
	"testing"

	"github.com/emmansun/gmsm/sm2"
	"github.com/emmansun/gmsm/sm3"
)

// TestBegunAgreesWithTheWholeDigest: whatever messages came before, e is that of the message.
func TestBegunAgreesWithTheWholeDigest(t *testing.T) {
	key, err := sm2.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	source := mathrand.New(mathrand.NewPCG(1, 2))
	octets := func(n int) []byte {
		out := make([]byte, n)
		for i := range out {
			out[i] = byte(source.Uint32())
		}
		return out
	}
	heads := [][]byte{octets(begunLeast), octets(begunLeast + 77), octets(40_000), octets(begunMost)}
	heads = append(heads, append(bytes.Clone(heads[2][:30_000]), octets(10_000)...)) // begins as another one does
	var begun Begun
	kept := 0
	for i := range 400 {
		head := heads[source.IntN(len(heads))]
		message := append(bytes.Clone(head[:len(head)-source.IntN(100)]), octets(source.IntN(300))...)
		if source.IntN(20) == 0 {
			message = octets(source.IntN(2 * begunLeast))
		}
		got, err := begun.Digest(&key.PublicKey, message)
		want, wantErr := SM2Digest(&key.PublicKey, nil, message)
		if err != nil || wantErr != nil || !bytes.Equal(got, want) {
			t.Fatalf("message %d of %d octets: %x, want %x: %v %v", i, len(message), got, want, err, wantErr)
		}
		if len(begun.head) > begunMost {
			t.Fatalf("%d octets are kept", len(begun.head))
		}
		if begun.state != nil {
			kept++
		}
	}
	if kept < 10 {
		t.Errorf("a beginning was kept %d times: the test says little", kept)
	}
}

// TestMemoRemembersWhatHolds: what is remembered speaks for the very key, message and signature only.
func TestMemoRemembersWhatHolds(t *testing.T) {
	key, _ := sm2.GenerateKey(rand.Reader)
	other, _ := sm2.GenerateKey(rand.Reader)
	message := bytes.Repeat([]byte("seal"), 5000)
	sign := func(key *sm2.PrivateKey, message []byte) []byte {
		signature, err := key.Sign(rand.Reader, message, sm2.DefaultSM2SignerOpts)
		if err != nil {
			t.Fatal(err)
		}
		return signature
	}
	signature, another := sign(key, message), sign(key, message)
	raw, err := SM2SignatureToRaw(signature)
	if err != nil {
		t.Fatal(err)
	}
	changed := func(octets []byte, at int) []byte {
		out := bytes.Clone(octets)
		out[at] ^= 1
		return out
	}
	memo := &Memo{}
	for round := range 3 {
		for name, one := range map[string]struct {
			key       *sm2.PrivateKey
			message   []byte
			signature []byte
			form      SignatureForm
			want      error
		}{
			"holds":                {key, message, signature, FormDER, nil},
			"another signature":    {key, message, another, FormDER, nil},
			"raw":                  {key, message, raw, FormDEROrRaw, nil},
			"raw where DER is due": {key, message, raw, FormDER, ErrSignatureDER},
			"first octet":          {key, changed(message, 0), signature, FormDER, ErrSignatureValue},
			"last octet":           {key, changed(message, len(message)-1), signature, FormDER, ErrSignatureValue},
			"an octet more":        {key, append(bytes.Clone(message), 0), signature, FormDER, ErrSignatureValue},
			"an octet less":        {key, message[:len(message)-1], signature, FormDER, ErrSignatureValue},
			"another key":          {other, message, signature, FormDER, ErrSignatureValue},
			"value":                {key, message, changed(signature, len(signature)-1), FormDER, ErrSignatureValue},
		} {
			if _, err := memo.VerifySM2(&one.key.PublicKey, one.message, one.signature, one.form); !errors.Is(err, one.want) {
				t.Errorf("%s, time %d: %v, want %v", name, round+1, err, one.want)
			}
		}
	}
	if n := len(memo.proven.young); n != 2 {
		t.Errorf("%d signatures are remembered, want the two that hold", n)
	}
}

// TestMemoIsBounded: what is not used any more goes, what is used stays.
func TestMemoIsBounded(t *testing.T) {
	var table recent[int, string]
	table.put(-1, "used", 8)
	for i := range 1000 {
		table.put(i, fmt.Sprint(i), 8)
		if value, ok := table.get(-1, 8); !ok || value != "used" {
			t.Fatalf("what is used was lost at %d", i)
		}
		if len(table.young)+len(table.old) > 16 {
			t.Fatalf("%d entries", len(table.young)+len(table.old))
		}
	}
	if _, ok := table.get(3, 8); ok {
		t.Error("an old entry that nobody used is still there")
	}
}

// TestMemoServesSeveralJudgements at once.
func TestMemoServesSeveralJudgements(t *testing.T) {
	key, _ := sm2.GenerateKey(rand.Reader)
	memo := &Memo{}
	var group sync.WaitGroup
	for worker := range 4 {
		group.Go(func() {
			for i := range 20 {
				message := append(bytes.Repeat([]byte("head"), 2000), byte(worker), byte(i))
				signature, err := key.Sign(rand.Reader, message, sm2.DefaultSM2SignerOpts)
				if err == nil {
					_, err = memo.VerifySM2(&key.PublicKey, message, signature, FormDER)
				}
				if err != nil {
					t.Error(err)
				}
				message[0] ^= 1
				if _, err := memo.VerifySM2(&key.PublicKey, message, signature, FormDER); !errors.Is(err, ErrSignatureValue) {
					t.Errorf("a changed message: %v", err)
				}
			}
		})
	}
	group.Wait()
}

// TestWhatIsKeptOfMessages: messages and contents between two lengths, and beginnings of at least the first.
func TestWhatIsKeptOfMessages(t *testing.T) {
	key := &newKey(t).PublicKey
	for length, kept := range map[int]bool{1: false, begunLeast - 1: false, begunLeast: true, begunMost: true, begunMost + 1: false} {
		content, memo, begun := make([]byte, length), &Memo{}, &Begun{}
		if memo.SM3(content) != sm3.Sum(content) || (len(memo.sums.young) == 1) != kept {
			t.Errorf("%d octets: %d digests are kept", length, len(memo.sums.young))
		}
		if _, err := begun.Digest(key, content); err != nil || (begun.head != nil) != kept {
			t.Errorf("%d octets: a beginning of %d is kept, %v", length, len(begun.head), err)
		}
	}
	for alike, kept := range map[int]bool{begunLeast - 1: false, begunLeast: true} {
		one := make([]byte, 2*begunLeast)
		other := bytes.Clone(one)
		other[alike] = 1
		begun := &Begun{}
		for _, message := range [][]byte{one, other} {
			if _, err := begun.Digest(key, message); err != nil {
				t.Fatal(err)
			}
		}
		if (begun.state != nil) != kept {
			t.Errorf("%d octets alike: kept %t", alike, !kept)
		}
	}
	if long := make([]byte, begunLeast); (*Memo)(nil).SM3(long) != sm3.Sum(long) {
		t.Error("nobody's memo")
	}
	if _, err := (&Begun{}).Digest(&p256(t).PublicKey, make([]byte, begunLeast)); !errors.Is(err, ErrKeyInvalid) {
		t.Errorf("a key of another curve: %v", err)
	}
	memo, calls := &Memo{}, 0
	for round := range 2 {
		fresh, err := memo.check(1, 2, func() error { calls++; return ErrSignatureValue })
		if fresh != (round == 0) || !errors.Is(err, ErrSignatureValue) || calls != 1 {
			t.Errorf("time %d: fresh %t, %v, %d calls", round+1, fresh, err, calls)
		}
	}
}

// TestMemoDigestsContent: a digest is that of the very content.
func TestMemoDigestsContent(t *testing.T) {
	memo := &Memo{}
	content := bytes.Repeat([]byte("seal"), 5000)
	for round := range 3 {
		for at := range 5 {
			other := bytes.Clone(content)
			other[at*3999] ^= byte(round) // of the same length and end
			if memo.SM3(other) != sm3.Sum(other) || memo.SM3(content) != sm3.Sum(content) {
				t.Fatalf("round %d: a digest is of other content", round)
			}
		}
	}
	kept := memo.SM3(content)
	content[0] ^= 1 // what was kept is a copy
	if memo.SM3(content) == kept {
		t.Error("a digest follows content that its owner changed")
	}
}

// TestMemoKnowsCertificates: by their octets alone, without holding the document that they stood in, and within bounds.
func TestMemoKnowsCertificates(t *testing.T) {
	root, _, _, _ := samples(t)
	document := bytes.Clone(root.certificate.Raw)
	memo := &Memo{}
	first, err := memo.Certificate(document)
	if err != nil {
		t.Fatal(err)
	}
	document[len(document)-1] ^= 1 // of the signature
	if second, err := memo.Certificate(root.certificate.Raw); err != nil || second != first || !bytes.Equal(second.Raw, root.certificate.Raw) {
		t.Errorf("met again: %p %p %v", first, second, err)
	}
	if other, err := memo.Certificate(document); err != nil || other == first || bytes.Equal(other.Raw, first.Raw) {
		t.Errorf("other octets: %p %p %v", first, other, err)
	}
	if c, err := memo.Certificate(document[1:]); err == nil || c != nil {
		t.Error("what is no certificate is one")
	}
	if c, err := (*Memo)(nil).Certificate(root.certificate.Raw); err != nil || c == first {
		t.Errorf("nobody remembers: %v", err)
	}
	for n := range 3 * memoCertificates {
		changed := bytes.Clone(document)
		changed[len(changed)-1], changed[len(changed)-2] = byte(n), byte(n>>8)
		if _, err := memo.Certificate(changed); err != nil {
			t.Fatal(err)
		}
	}
	if kept := len(memo.certs.young) + len(memo.certs.old); kept > 2*memoCertificates {
		t.Errorf("%d are kept", kept)
	}
	if again, err := memo.Certificate(root.certificate.Raw); err != nil || again == first {
		t.Errorf("one that was not met for long is still kept: %v", err)
	}
}
