// Package pagemark authenticates the cursors of lists (security.md I-07). What a caller gets as the mark of the next page is the
// place of the last entry under a keyed hash of the list's address, of its filter and of the caller: nobody makes one, and
// that of one list, one filter or one caller opens no other. It hides nothing: the place is what the last entry shows.
package pagemark

import (
	"context"
	"crypto/hmac"
	"encoding/base64"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/reqctx"
)

// Parameter is the query parameter of a list that holds the mark.
const Parameter = "after"

// MaxLength is the longest mark that lists take, in characters; documents of the API name it.
const MaxLength = 400

// sumSize is how much of the keyed hash a mark carries, in bytes.
const sumSize = 16

// unbound are parameters that say nothing of what is listed: how much of it, and in which language.
var unbound = []string{Parameter, "limit", "lang"}

var errForged = errors.New("the mark of a page is none of ours, or of another list")

// Sum is a keyed hash of at least sumSize bytes over parts, such as that of keys.MAC.
type Sum func(ctx context.Context, parts ...[]byte) ([]byte, error)

// Marks seals and opens marks under one key.
type Marks struct{ keyed Sum }

// New returns marks under the key of a hash.
func New(keyed Sum) *Marks { return &Marks{keyed} }

// sum binds a place to a list: its path, its filter (in one order, without what is empty) and who asks.
func (m *Marks) sum(ctx context.Context, address *url.URL, place string) ([]byte, error) {
	filter := url.Values{}
	for name, values := range address.Query() {
		for _, value := range values {
			if value != "" {
				filter.Add(name, value)
			}
		}
	}
	for _, name := range unbound {
		filter.Del(name)
	}
	actor := reqctx.From(ctx).Actor
	sum, err := m.keyed(ctx, []byte("page mark"), []byte(actor.ID), []byte(actor.ActingFor), []byte(address.Path), []byte(filter.Encode()), []byte(place))
	if err != nil {
		return nil, fault.Wrap(err, fault.Unavailable)
	}
	return sum[:sumSize], nil
}

// Seal is the mark of a place in the list at an address; an empty place, the end of a list, has none. fault.Unavailable without the key.
func (m *Marks) Seal(ctx context.Context, address *url.URL, place string) (string, error) {
	if place == "" {
		return "", nil
	}
	sum, err := m.sum(ctx, address, place)
	if err != nil {
		return "", err
	}
	return base64.RawURLEncoding.EncodeToString(append(sum, place...)), nil
}

// Open is the place that the mark in an address names, empty without one; fault.Malformed for whatever Seal did not make for
// this list and this caller, fault.Unavailable without the key.
func (m *Marks) Open(ctx context.Context, address *url.URL) (string, error) {
	texts := address.Query()[Parameter]
	if len(texts) == 0 || len(texts) == 1 && texts[0] == "" {
		return "", nil
	}
	content, err := base64.RawURLEncoding.Strict().DecodeString(texts[0])
	if err != nil || len(texts) > 1 || len(texts[0]) > MaxLength || len(content) <= sumSize {
		return "", fault.Wrap(errors.Join(errForged, err), fault.Malformed)
	}
	place := string(content[sumSize:])
	sum, err := m.sum(ctx, address, place)
	if err != nil {
		return "", err
	}
	if !hmac.Equal(content[:sumSize], sum) {
		return "", fault.Wrap(errForged, fault.Malformed)
	}
	return place, nil
}

// Replaced is a request in whose address the place stands where the mark did, for what reads its parameters by itself.
func (m *Marks) Replaced(r *http.Request) (*http.Request, error) {
	if !r.URL.Query().Has(Parameter) {
		return r, nil
	}
	place, err := m.Open(r.Context(), r.URL)
	if err != nil {
		return r, err
	}
	opened, query := *r.URL, r.URL.Query()
	query.Set(Parameter, place)
	opened.RawQuery = query.Encode()
	replaced := r.WithContext(r.Context())
	replaced.URL = &opened
	return replaced, nil
}

type contextKey struct{}

// With returns a context in which pages seal and open the marks of their lists.
func With(ctx context.Context, m *Marks) context.Context {
	return context.WithValue(ctx, contextKey{}, m)
}

// After is the place behind which a page of a list begins, by the mark in the address of the request; empty for the first page,
// fault.Malformed for a mark that is none of this list. A page that no edge gave marks to takes the place as it stands.
func After(r *http.Request) (string, error) {
	m, ok := r.Context().Value(contextKey{}).(*Marks)
	if !ok {
		return r.URL.Query().Get(Parameter), nil
	}
	return m.Open(r.Context(), r.URL)
}

// unopened is the mark of a link that could not be sealed. It opens nothing: better than a list that seems to end there.
const unopened = "-"

// Onward is the address of the next page of a list: place is where the page before ended. Empty at the end of the list.
func Onward(r *http.Request, address, place string) string {
	if place == "" {
		return ""
	}
	address, fragment, _ := strings.Cut(address, "#")
	if m, ok := r.Context().Value(contextKey{}).(*Marks); ok {
		sealed := unopened
		if u, err := url.Parse(address); err == nil {
			if mark, err := m.Seal(r.Context(), u, place); err == nil {
				sealed = mark
			}
		}
		place = sealed
	}
	joint := "?"
	if strings.Contains(address, "?") {
		joint = "&"
	}
	address += joint + url.Values{Parameter: {place}}.Encode()
	if fragment != "" {
		address += "#" + fragment
	}
	return address
}
