package elicense

import (
	"context"
	"errors"
	"testing"

	"github.com/yinxin-gov/yinxin/elicense/statuslist"
)

// onlyPublished answers FindPublished and nothing else.
type onlyPublished struct {
	Store
	content map[string][]byte
	failure error
}

func (o onlyPublished) FindPublished(_ context.Context, name string) (Published, error) {
	if o.failure != nil {
		return Published{}, o.failure
	}
	content, ok := o.content[name]
	if !ok {
		return Published{}, ErrNotFound
	}
	return Published{Name: name, Content: content}, nil
}

func TestOnlyOwnListsAreOpened(t *testing.T) {
	down := errors.New("down")
	for _, test := range []struct {
		name, uri string
		store     onlyPublished
		failure   bool
	}{
		{"another host", "https://other.example/status/1", onlyPublished{failure: down}, false},
		{"not published", "https://id.example/status/1", onlyPublished{}, false},
		{"no list", "https://id.example/status/keys", onlyPublished{content: map[string][]byte{"keys": []byte("x")}}, false},
		{"store away", "https://id.example/status/1", onlyPublished{failure: down}, true},
	} {
		s := &Service{cfg: Config{BaseURL: "https://id.example", Store: test.store}}
		var failure error
		if list := s.ownList(context.Background(), test.uri, &failure); list != (*statuslist.List)(nil) || (failure != nil) != test.failure {
			t.Errorf("%s: %v %v", test.name, list, failure)
		}
	}
}
