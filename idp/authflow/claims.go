package authflow

import (
	"bytes"
	"encoding/json"
	"errors"
	"slices"
	"strings"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/subject"
)

// claimWish is what a request says of one claim (OpenID Connect Core 5.5.1); nil asks for it without more.
type claimWish struct {
	Essential bool              `json:"essential"`
	Value     json.RawMessage   `json:"value"`
	Values    []json.RawMessage `json:"values"`
}

func (w *claimWish) all() []json.RawMessage {
	if w == nil {
		return nil
	}
	if len(w.Value) > 0 {
		return append([]json.RawMessage{w.Value}, w.Values...)
	}
	return w.Values
}

// texts are the values that are texts, in the order of preference.
func (w *claimWish) texts() []string {
	var all []string
	for _, raw := range w.all() {
		var text string
		if json.Unmarshal(raw, &text) == nil {
			all = append(all, text)
		}
	}
	return all
}

func (w *claimWish) essential() bool { return w != nil && w.Essential }

// verifiedWish is verified_claims in a request (OpenID Identity Assurance Schema 1.0, section 6 of the OpenID Connect
// for Identity Assurance 1.0).
type verifiedWish struct {
	Verification *struct {
		TrustFramework *claimWish `json:"trust_framework"`
		AssuranceLevel *claimWish `json:"assurance_level"`
	} `json:"verification"`
	Claims map[string]json.RawMessage `json:"claims"`
}

// TrustFramework is the one that our evidence stands under.
const TrustFramework = "cn_yinxin"

// maxClaims bounds the claims parameter.
const (
	maxClaims     = 8 << 10
	maxClaimNames = 64
)

var errClaims = errors.New("claims is not the JSON of OpenID Connect Core 5.5")

// readClaims takes the claims parameter apart: which claims for which place, and the levels asked for through them. An
// unknown claim is passed over, as the standard wants.
func (f *Flow) readClaims(text string) error {
	if text == "" {
		return nil
	}
	if len(text) > maxClaims {
		return errors.New("claims is too long")
	}
	var places struct {
		IDToken  map[string]json.RawMessage `json:"id_token"`
		Userinfo map[string]json.RawMessage `json:"userinfo"`
	}
	if !strings.HasPrefix(strings.TrimSpace(text), "{") || json.Unmarshal([]byte(text), &places) != nil {
		return errClaims
	}
	for _, place := range []struct {
		wishes map[string]json.RawMessage
		names  *[]string
	}{{places.IDToken, &f.Claims}, {places.Userinfo, &f.UserinfoClaims}} {
		if len(place.wishes) > maxClaimNames {
			return errors.New("claims names too many claims")
		}
		for name, raw := range place.wishes {
			wanted, err := f.readWish(name, raw)
			if err != nil {
				return err
			}
			if wanted {
				*place.names = append(*place.names, name)
			}
		}
		slices.Sort(*place.names)
	}
	return nil
}

// readWish reads one claim of a place and reports whether it may be given at all.
func (f *Flow) readWish(name string, raw json.RawMessage) (bool, error) {
	if name == "verified_claims" {
		return f.readVerified(raw)
	}
	var wish *claimWish
	if json.Unmarshal(raw, &wish) != nil {
		return false, errClaims
	}
	switch name {
	case "sub":
		for _, text := range wish.texts() {
			f.HintSubject = text // a person whom the request names is the only one who can answer it (5.5.1)
		}
	case "acr":
		if values := wish.texts(); len(values) > 0 {
			f.wantAAL(values, wish.essential())
		}
	case "ial":
		f.wantIAL(wish.all(), wish.essential())
	}
	return true, nil
}

// readVerified reads verified_claims; a list names alternatives, of which the first that can be given counts.
func (f *Flow) readVerified(raw json.RawMessage) (bool, error) {
	var list []*verifiedWish
	if bytes.HasPrefix(raw, []byte("[")) {
		if json.Unmarshal(raw, &list) != nil {
			return false, errClaims
		}
	} else {
		var one *verifiedWish
		if json.Unmarshal(raw, &one) != nil {
			return false, errClaims
		}
		list = append(list, one)
	}
	for _, wish := range list {
		if wish == nil || wish.Verification == nil {
			return true, nil
		}
		if frameworks := wish.Verification.TrustFramework.texts(); len(frameworks) > 0 && !slices.Contains(frameworks, TrustFramework) {
			continue // evidence of another framework than ours is left out, never relabelled
		}
		level := wish.Verification.AssuranceLevel
		f.wantIAL(level.all(), level.essential())
		return true, nil
	}
	return false, nil
}

// wantAAL takes the first class that can be reached, in the order of preference.
func (f *Flow) wantAAL(values []string, essential bool) {
	f.Essential = f.Essential || essential
	first := subject.AAL(0)
	for _, value := range values {
		level, err := subject.ParseAAL(value)
		if err != nil {
			continue
		}
		if level <= maxAAL {
			f.AAL = level // what else of the request is out of reach stays so
			return
		}
		if first == 0 {
			first = level
		}
	}
	f.Unreachable = f.Unreachable || essential // no value that we know and can reach
	if f.AAL == 0 {
		f.AAL = min(first, maxAAL)
	}
}

// wantIAL takes the lowest of the levels asked for: numbers, or the URN of a level.
func (f *Flow) wantIAL(values []json.RawMessage, essential bool) {
	lowest, found := subject.IAL(0), false
	for _, raw := range values {
		var n int
		var urn string
		level := subject.IAL(-1)
		if json.Unmarshal(raw, &n) == nil && n >= 0 && n <= 4 {
			level = subject.IAL(n)
		} else if json.Unmarshal(raw, &urn) == nil {
			if parsed, err := subject.ParseIAL(urn); err == nil {
				level = parsed
			}
		}
		if level >= 0 && (!found || level < lowest) {
			lowest, found = level, true
		}
	}
	if !found {
		f.Unreachable = f.Unreachable || essential && len(values) > 0
		return
	}
	f.IAL = max(f.IAL, lowest)
	if essential {
		f.leastIAL = max(f.leastIAL, lowest)
	}
	f.Unreachable = f.Unreachable || essential && lowest > f.reach
}

// Items is what the person must agree to: the scopes that ask for it, and the claims asked for one by one that no scope of
// the request opens.
func (f Flow) Items(words *idp.Vocabulary, client idp.Client) []string {
	items := words.Items(f.Scopes)
	for _, name := range slices.Concat(f.Claims, f.UserinfoClaims) {
		single := !words.Opens(f.Scopes, name) && words.Opens(client.Scopes(), name) && client.MayHave(name)
		if item := idp.ClaimItem + name; single && !slices.Contains(items, item) {
			items = append(items, item)
		}
	}
	return items
}

// Gives tells which single claims of a list the client may have without their scope.
func Gives(words *idp.Vocabulary, client idp.Client, names []string) []string {
	var all []string
	for _, name := range names {
		if words.Single(client, name) {
			all = append(all, name)
		}
	}
	return all
}
