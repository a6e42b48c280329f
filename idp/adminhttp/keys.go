package adminhttp

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/keys"
	"github.com/yinxin-gov/yinxin/web"
)

// KeyRecord is a token key on the wire; nothing of it is secret.
type KeyRecord struct {
	KeyID     string     `json:"kid" doc:"Identifier in the key set and in tokens"`
	Algorithm string     `json:"algorithm" enum:"SM2,P-256,RSA-2048,RSA-2048-PSS" doc:"Algorithm of the key"`
	State     string     `json:"state" enum:"next,current,previous,destroyed" doc:"next is published and does not sign yet; previous verifies only; destroyed is withdrawn"`
	Published time.Time  `json:"published_at" doc:"Since when it stands in the key set"`
	Since     time.Time  `json:"state_since" doc:"Since when it is in its state: first use of a current key, last use of a previous one, withdrawal of a destroyed one"`
	Next      string     `json:"next_state,omitempty" doc:"State that it goes into by itself"`
	Due       *time.Time `json:"next_state_at,omitempty" doc:"When it does"`
}

func keyRecord(key keys.Info) KeyRecord {
	r := KeyRecord{KeyID: key.ID, Algorithm: string(key.Spec.Algorithm), State: string(key.State), Published: key.CreatedAt, Since: key.StateAt}
	if to, at, ok := keys.TokenRotation.Due(key); ok {
		r.Next, r.Due = string(to), &at
	}
	return r
}

// tokenAlgorithms are those of token keys, in the order in which they are shown.
var tokenAlgorithms = []keys.Algorithm{keys.SM2, keys.P256, keys.RSA2048, keys.RSAPSS}

const tagKeys = "token-keys"

// keysPart is the keys that sign tokens.
func (s *Server) keysPart() part {
	return part{
		api:   s.keysAPI,
		pages: map[string]pageFunc{"GET /admin/keys": s.keysPage, "POST /admin/keys/{action}/{algorithm}": s.keysAction},
		place: func(r *http.Request) (web.AdminPlace, error) {
			return web.AdminPlace{ID: "admin-keys", Label: s.Renderer.Text(r, "admin.keys"), Text: s.Renderer.Text(r, "admin.keys.text"), URL: "/admin/keys"}, nil
		},
	}
}

func (s *Server) keysAPI(api huma.API) {
	huma.Register(api, operation(tagKeys, "list-token-keys", get, "token-keys", "令牌密钥列表 List token keys", http.StatusOK), func(ctx context.Context, _ *struct{}) (*listing[KeyRecord], error) {
		all, err := s.tokenKeys(ctx)
		if err != nil {
			return nil, err
		}
		var records []KeyRecord
		for _, key := range all {
			records = append(records, keyRecord(key))
		}
		return listed(records, ""), nil
	})
	type order struct {
		Body struct {
			Reason
			Algorithm string `json:"algorithm" enum:"SM2,P-256,RSA-2048,RSA-2048-PSS" doc:"Whose key"`
		}
	}
	huma.Register(api, operation(tagKeys, "rotate-token-key", post, "token-keys/rotation", "轮换令牌密钥 Prepare the next token key: it is published now and signs after 24 hours", http.StatusOK),
		func(ctx context.Context, in *order) (*tagged[KeyRecord], error) {
			key, err := s.rotate(ctx, in.Body.Algorithm, in.Body.Reason.Reason, false)
			return answer(keyRecord(key), err)
		})
	huma.Register(api, operation(tagKeys, "withdraw-token-keys", post, "token-keys/withdrawal", "撤下泄露的令牌密钥 Withdraw compromised token keys: another signs at once, and nothing that they signed verifies any more", http.StatusOK),
		func(ctx context.Context, in *order) (*tagged[KeyRecord], error) {
			key, err := s.rotate(ctx, in.Body.Algorithm, in.Body.Reason.Reason, true)
			return answer(keyRecord(key), err)
		})
}

// tokenKeys lists the keys by algorithm, newest first, with those withdrawn in the last year.
func (s *Server) tokenKeys(ctx context.Context) ([]keys.Info, error) {
	if err := reader(ctx); err != nil {
		return nil, err
	}
	all, err := s.Ring.Provider().List(ctx, keys.UsageToken, "")
	if err != nil {
		return nil, fault.Wrap(err, fault.Unavailable)
	}
	all = slices.DeleteFunc(all, func(key keys.Info) bool {
		return key.Spec.Label != "" || key.State == keys.Destroyed && s.Now().Sub(key.StateAt) > 365*24*time.Hour
	})
	slices.SortStableFunc(all, func(a, b keys.Info) int {
		return slices.Index(tokenAlgorithms, a.Spec.Algorithm) - slices.Index(tokenAlgorithms, b.Spec.Algorithm)
	})
	return all, nil
}

// rotate prepares the next key, or withdraws what is in use. The provider writes the audit record of each move.
func (s *Server) rotate(ctx context.Context, algorithm, reason string, compromised bool) (keys.Info, error) {
	ctx, err := s.change(ctx, reason, idp.RoleSystemAdmin)
	if err != nil {
		return keys.Info{}, err
	}
	spec := keys.Spec{Usage: keys.UsageToken, Algorithm: keys.Algorithm(algorithm)}
	if !slices.Contains(tokenAlgorithms, spec.Algorithm) {
		return keys.Info{}, fault.New(fault.NotFound)
	}
	var key keys.Info
	if compromised {
		key, err = s.Ring.Compromised(ctx, spec)
	} else {
		key, err = s.Ring.Rotate(ctx, spec, false)
	}
	if err != nil {
		return key, fault.Wrap(err, fault.Unavailable)
	}
	return key, nil
}

func (s *Server) keysPage(w http.ResponseWriter, r *http.Request) error {
	return s.showKeys(w, r, refused{})
}

func (s *Server) showKeys(w http.ResponseWriter, r *http.Request, was refused) error {
	all, err := s.tokenKeys(r.Context())
	if err != nil {
		return err
	}
	text := func(key string) string { return s.Renderer.Text(r, key) }
	body := web.AdminListPage{Intro: text("admin.keys.text"), SignInURL: s.signInURL(r, idp.RoleSystemAdmin), Table: web.Table{
		Caption: text("admin.keys"), Columns: []web.Column{{Label: text("admin.key.algorithm")}, {Label: text("admin.key.since")}, {Label: text("admin.key.next")}, {Label: text("admin.key.published")}, {Label: text("admin.key.kid")}},
	}}
	held := map[keys.Algorithm]bool{}
	for _, key := range all {
		record := keyRecord(key)
		next := "—"
		if record.Due != nil {
			next = s.Renderer.Text(r, "admin.key.due", "state", text("status."+record.Next), "at", when(*record.Due))
		}
		body.Table.Rows = append(body.Table.Rows, web.Row{Cells: []string{record.Algorithm, when(record.Since), next, when(record.Published), key.ID}, Status: record.State})
		held[key.Spec.Algorithm] = held[key.Spec.Algorithm] || key.State == keys.Current
	}
	body.Table.Total = len(all)
	if holds(r.Context(), idp.RoleSystemAdmin) == nil {
		for _, action := range []struct{ name, label, effect string }{{"rotate", "admin.key.rotate", "admin.key.rotate.effect"}, {"withdraw", "admin.key.withdraw", "admin.key.withdraw.effect"}} {
			for _, algorithm := range tokenAlgorithms {
				if held[algorithm] {
					body.Actions = append(body.Actions, web.StateAction{ID: keyAction(action.name, string(algorithm)), Label: s.Renderer.Text(r, action.label, "algorithm", string(algorithm)),
						URL: "/admin/keys/" + action.name + "/" + string(algorithm), Effect: text(action.effect), Danger: action.name == "withdraw"})
				}
			}
		}
	}
	page := web.Page{Title: text("admin.keys"), Self: "/admin/keys"}
	s.onto(r, &page, body.Actions, was)
	page.Body = body
	return s.show(w, r, statusOf(was.err), "admin-list", page)
}

func keyAction(name, algorithm string) string {
	return "key-" + name + "-" + strings.ToLower(algorithm)
}

func (s *Server) keysAction(w http.ResponseWriter, r *http.Request) error {
	typed, err := form(w, r)
	if err != nil {
		return err
	}
	action, algorithm := r.PathValue("action"), r.PathValue("algorithm")
	if action != "rotate" && action != "withdraw" {
		return fault.New(fault.NotFound)
	}
	_, err = s.rotate(r.Context(), algorithm, typed.Get("reason"), action == "withdraw")
	return settled(w, r, err, func(err error) error {
		return s.showKeys(w, r, refused{err, keyAction(action, algorithm), typed.Get("reason")})
	}, "/admin/keys")
}
