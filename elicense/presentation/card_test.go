package presentation

import (
	"strings"
	"testing"
)

// FuzzCard: a paper code that is read comes back as it was written, a card never carries a holder key, and no change of a
// good card verifies.
func FuzzCard(f *testing.F) {
	p := newParties(f)
	view := p.view()
	view.TypeCode, view.HolderKey, view.Life, view.Status, view.Fields = CardTypeCode, nil, CardLife, &StatusEntry{List: FirstCardList, Index: 7}, map[int]string{CardName: "王*明", CardLevel: "4"}
	token := p.mint(f, view)
	good, err := Paper(token)
	if err != nil {
		f.Fatal(err)
	}
	options := p.options()
	for i := range options.Keys {
		options.Keys[i].TypeCodes = append(options.Keys[i].TypeCodes, CardTypeCode)
	}
	if result := Verify(good, options); result.Has(ReasonIssuerSignature) || result.Has(ReasonIssuerScope) || result.Key == nil {
		f.Fatalf("a good card: %+v", result)
	}
	octets, err := decodeBase45(strings.TrimPrefix(good, Prefix))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(octets)
	f.Fuzz(func(t *testing.T, octets []byte) {
		text := Prefix + encodeBase45(octets)
		code, err := Decode(text)
		if err != nil || code.Device != nil {
			return
		}
		again, err := Paper(code.Token)
		if err != nil || again != text {
			t.Errorf("%q comes back as %q: %v", text, again, err)
		}
		if code.View.HolderKey != nil {
			t.Error("paper with a holder key")
		}
		if result := Verify(text, options); text != good && result.Key != nil && code.View.IsCard() && string(code.Token.View) != string(token.View) {
			t.Errorf("another card verifies: %q", text)
		}
	})
}
