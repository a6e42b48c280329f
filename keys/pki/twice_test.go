package pki

import (
	"crypto/ecdsa"
	"crypto/rand"
	"math/big"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/keys/pki/der"
)

// TestOneSerialTwiceInAList: of several entries the earliest revocation counts, wherever it stands.
func TestOneSerialTwiceInAList(t *testing.T) {
	root := newRoot(t, "root", newKey(t))
	early, late := begin.Add(time.Hour), begin.Add(2*time.Hour)
	for name, entries := range map[string][]CRLEntry{
		"the first is earlier": {{Serial: big.NewInt(5), RevokedAt: early, Reason: RevokedSuperseded}, {Serial: big.NewInt(5), RevokedAt: late}},
		"the last is earlier":  {{Serial: big.NewInt(5), RevokedAt: late}, {Serial: big.NewInt(6), RevokedAt: begin}, {Serial: big.NewInt(5), RevokedAt: early, Reason: RevokedSuperseded}},
	} {
		list, err := MakeCRL(rand.Reader, CRLTemplate{Number: big.NewInt(1), ThisUpdate: begin, NextUpdate: middle, Entries: entries}, root.certificate, root.key)
		if err != nil {
			t.Fatal(err)
		}
		read, err := ParseCRL(list.Raw)
		if err != nil {
			t.Fatal(err)
		}
		if entry, ok := read.Lookup(big.NewInt(5)); !ok || !entry.RevokedAt.Equal(early) || entry.Reason != RevokedSuperseded || len(read.Entries) != len(entries) {
			t.Errorf("%s: %+v", name, entry)
		}
	}
}

// TestMembersOfAMessageStandOnce: certificates, lists and signers in two members would be read by some as the first and by others as the last.
func TestMembersOfAMessageStandOnce(t *testing.T) {
	root := newRoot(t, "root", newKey(t))
	list, err := MakeCRL(rand.Reader, CRLTemplate{Number: big.NewInt(1), ThisUpdate: begin, NextUpdate: middle}, root.certificate, root.key)
	if err != nil {
		t.Fatal(err)
	}
	message, err := MakeSignedData(SignedDataTemplate{}, []byte("x"), root.certificate, func(message []byte) ([]byte, error) {
		digest, err := SM2Digest(root.key.Public().(*ecdsa.PublicKey), nil, message)
		if err != nil {
			return nil, err
		}
		return root.key.Sign(rand.Reader, digest, nil)
	})
	if err != nil {
		t.Fatal(err)
	}
	reader := &der.Reader{}
	outer, err := reader.Parse(message)
	if err != nil {
		t.Fatal(err)
	}
	fields, err := reader.Sequence(outer)
	if err != nil {
		t.Fatal(err)
	}
	inner, err := reader.Explicit(fields[1])
	if err != nil {
		t.Fatal(err)
	}
	members, err := reader.Sequence(inner)
	if err != nil {
		t.Fatal(err)
	}
	var parts [][]byte
	for _, member := range members {
		parts = append(parts, member.Raw)
	}
	with := func(more ...[]byte) []byte {
		all := append(append([][]byte{}, parts[:len(parts)-1]...), more...)
		return der.EncodeSequence(fields[0].Raw, der.EncodeExplicit(0, der.EncodeSequence(append(all, parts[len(parts)-1])...)))
	}
	lists := der.EncodeImplicit(1, true, list.Raw)
	for name, c := range map[string]struct {
		message []byte
		refused bool
	}{
		"as made": {with(), false}, "one list": {with(lists), false}, "certificates twice": {with(parts[len(parts)-2]), true}, "lists twice": {with(lists, lists), true}, "signers twice": {with(parts[len(parts)-1]), true},
	} {
		if _, err := ParseSignedData(c.message); (err != nil) != c.refused {
			t.Errorf("%s: %v", name, err)
		}
	}
}
