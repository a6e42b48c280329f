package app

import (
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/pagemark"
	"github.com/yinxin-gov/yinxin/internal/problem"
	"github.com/yinxin-gov/yinxin/internal/strictjson"
	"github.com/yinxin-gov/yinxin/keys/keyshttp"
	"github.com/yinxin-gov/yinxin/web"
)

// routes joins the surfaces: protocol endpoints without cookies, pages behind the origin check, the API, static files.
func (a *App) routes() (*router, error) {
	mux := http.NewServeMux()
	a.identity.Routes(mux)
	a.hookRoutes(mux)

	apiMux := http.NewServeMux()
	marks := a.newMarks()
	a.api = newAPI(apiMux, marks)
	if err := a.sealing.api(a.api, apiMux); err != nil {
		return nil, err
	}
	a.identity.Register(a.api)
	a.admin = a.administration()
	a.admin.Register(a.api)
	a.identity.RegisterMandates(a.api)
	a.identity.RegisterRelatives(a.api)
	a.identity.RegisterRights(a.api)
	a.identity.RegisterReviews(a.api)
	a.counter.Register(a.api)
	a.staffPages.Register(a.api)
	describeSecurity(a.api.OpenAPI())
	written := sync.OnceValues(func() ([]byte, error) { return json.Marshal(a.api.OpenAPI()) }) // nearly half a megabyte, which few starts are asked for
	apiMux.HandleFunc("GET /api/openapi.json", func(w http.ResponseWriter, r *http.Request) {
		document, err := written()
		if err != nil {
			problem.Write(w, r, err)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		w.Write(document)
	})
	apiMux.HandleFunc(anyCall, unknownCall(apiMux))
	a.calls = a.withActor(openMarks(apiMux, marks), a.operationOf(apiMux))
	mux.Handle("/api/", a.calls)

	pageMux := http.NewServeMux()
	a.identity.PageRoutes(pageMux)
	a.sealing.pages(pageMux)
	a.admin.Routes(pageMux)
	a.counter.Routes(pageMux)
	a.staffPages.Routes(pageMux)
	pageMux.Handle("/preferences", a.pages.Preferences())
	origin := http.NewCrossOriginProtection()
	origin.AddInsecureBypassPattern("POST /authorize")                    // a portal may send its request by POST
	origin.AddInsecureBypassPattern("POST /logout")                       // here too; the confirmation is checked where it is taken
	origin.AddInsecureBypassPattern("POST /federation/{source}/callback") // sources post tickets; it only goes on as GET
	origin.SetDenyHandler(a.withSession(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { a.pages.Error(w, r, fault.New(fault.CrossOrigin)) })))
	pageMux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { a.pages.Error(w, r, fault.New(fault.NotFound)) })
	mux.Handle("/", web.SecurityHeaders(origin.Handler(a.withSession(withMarks(pageMux, marks)))))
	mux.Handle("GET /static/", a.pages.Static())
	mux.Handle("GET /verify/worker.js", a.pages.Static())
	mux.Handle("GET /verify/offline.js", a.pages.Static())
	a.sealing.public(mux)
	a.exchangeRoutes(mux)
	keyshttp.TrustList(mux, a.trust.register.Current)
	keyshttp.OCSP(mux, a.ca)
	if a.stamps != nil {
		keyshttp.TimeStamps(mux, a.stamps)
	}
	return &router{mux, map[string]*http.ServeMux{"/api/": apiMux, "/": pageMux}}, nil
}

// aliasRoutes are what the listener for client certificates answers: the endpoints of the metadata's aliases, the API and the
// sharing interface, which take tokens that are bound to a certificate. There are no pages there.
func (a *App) aliasRoutes(public *router) *router {
	mux := http.NewServeMux()
	a.identity.AliasRoutes(mux)
	mux.Handle("/api/", a.calls)
	a.exchangeRoutes(mux)
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { problem.Write(w, r, fault.New(fault.NotFound)) })
	return &router{mux, map[string]*http.ServeMux{"/api/": public.inner["/api/"]}}
}

// operationOf names the operation of the API document that a request asks for, or the route of what is none; empty where
// nothing is.
func (a *App) operationOf(mux *http.ServeMux) func(r *http.Request) string {
	names := map[string]string{}
	for path, item := range a.api.OpenAPI().Paths {
		for method, operation := range map[string]*huma.Operation{http.MethodGet: item.Get, http.MethodPost: item.Post, http.MethodPut: item.Put, http.MethodPatch: item.Patch, http.MethodDelete: item.Delete} {
			if operation != nil {
				names[method+" "+path] = operation.OperationID
			}
		}
	}
	a.operations = slices.Sorted(maps.Values(names))
	return func(r *http.Request) string {
		_, pattern := mux.Handler(r)
		if name, ok := names[pattern]; ok {
			return name
		}
		if pattern == anyCall {
			return ""
		}
		return pattern
	}
}

// anyCall is the route of whatever no operation takes.
const anyCall = "/api/"

// unknownCall answers in the one form of errors what the mux would answer in plain words: no such operation, or not by this method.
func unknownCall(mux *http.ServeMux) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var allowed []string
		for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete} {
			other := r.Clone(r.Context())
			other.Method = method
			if _, pattern := mux.Handler(other); pattern != anyCall {
				allowed = append(allowed, method)
			}
		}
		if len(allowed) == 0 {
			problem.Write(w, r, fault.New(fault.NotFound))
			return
		}
		w.Header().Set("Allow", strings.Join(allowed, ", "))
		problem.Write(w, r, fault.New(fault.MethodNotAllowed))
	}
}

// setFramework sets what the API framework has one switch of for the whole process. Once: a second platform beside the first
// would write under the first one's requests.
var setFramework = sync.OnceFunc(func() {
	huma.NewErrorWithContext = problem.FromFramework
	huma.ValidateStrictCasing = true // I-04
})

// newAPI is the one OpenAPI document; the framework's own pages load scripts from elsewhere and are off.
func newAPI(mux *http.ServeMux, marks *pagemark.Marks) huma.API {
	setFramework()
	cfg := huma.DefaultConfig("Yinxin (印信)", "1")
	cfg.DocsPath, cfg.OpenAPIPath, cfg.SchemasPath = "", "", ""
	cfg.Info.Description = "Management and verification. Errors are application/problem+json (RFC 9457) with a stable code."
	cfg.CreateHooks = nil
	cfg.Transformers = append(cfg.Transformers, sealMarks(marks))
	cfg.RejectUnknownQueryParameters = true // a filter that is spelt wrong would answer with everything
	strict := huma.Format{Marshal: huma.DefaultJSONFormat.Marshal, Unmarshal: unmarshalStrictly}
	cfg.Formats = map[string]huma.Format{"application/json": strict, "json": strict}
	return humago.New(mux, cfg)
}

// Security schemes of the document.
const (
	schemeClient = "client"
	schemePerson = "person"
	schemeStaff  = "staff"
)

// describeSecurity says of each operation whose tokens it takes. What the bearer may do is judged by roles, scopes and the object.
func describeSecurity(document *huma.OpenAPI) {
	bearer := func(format, text string) *huma.SecurityScheme {
		return &huma.SecurityScheme{Type: "http", Scheme: "bearer", BearerFormat: format, Description: text}
	}
	if document.Components == nil {
		document.Components = &huma.Components{}
	}
	document.Components.SecuritySchemes = map[string]*huma.SecurityScheme{
		schemeClient: bearer("JWT", "Access token of a service client (client_credentials); its scopes are roles. May be bound by DPoP or mutual TLS"),
		schemePerson: bearer("JWT", "Access token that a person gave to an application, with the scope named. May be bound by DPoP or mutual TLS"),
		schemeStaff:  bearer("", "Token of a member of staff from /staff/tokens (yxst_ and 43 characters): some of the roles that the member holds, for 15 minutes after the login at most. Bearer only"),
	}
	for _, item := range document.Paths {
		for _, operation := range []*huma.Operation{item.Get, item.Post, item.Put, item.Patch, item.Delete} {
			if operation == nil {
				continue
			}
			operation.Security = securityOf(operation.OperationID)
		}
	}
}

// holderOperations are for the person and for whoever has a licence by right; the object decides. machineOperations are what only another
// system does.
var (
	holderOperations  = []string{"get-license", "get-license-file", "get-license-photo", "get-license-log-proofs", "present-license", "revoke-license-grant", "get-license-ruling", "appeal-license-ruling"}
	machineOperations = []string{"post-register-events", "get-subject", "list-license-grants", "grant-license-use-by-function", "redeem-license-grant", "make-license-copy", "get-license-copy-file", "check-license-list"}
)

func securityOf(operation string) []map[string][]string {
	client, staff := map[string][]string{schemeClient: {}}, map[string][]string{schemeStaff: {}}
	scope, person := personOperations[operation]
	switch {
	case openToAll(operation):
		return []map[string][]string{{}}
	case slices.Contains(staffOperations, operation):
		return []map[string][]string{staff}
	case slices.Contains(machineOperations, operation):
		return []map[string][]string{client}
	case person && slices.Contains(holderOperations, operation):
		return []map[string][]string{{schemePerson: {scope}}, client, staff}
	case person:
		return []map[string][]string{{schemePerson: {scope}}}
	}
	return []map[string][]string{client, staff}
}

// unmarshalStrictly reads what a caller sends. The framework reads each body twice, first into a plain value by which it judges,
// and that reading looks at the text (I-04). It reads the second time even when the first refused, so that the bounds hold in both (I-05).
func unmarshalStrictly(data []byte, v any) error {
	if _, judged := v.(*any); judged {
		if err := strictjson.Check(data); err != nil {
			return err
		}
	} else if err := strictjson.Bounds(data); err != nil {
		return err
	}
	return json.Unmarshal(data, v)
}

// router is the outer mux with the muxes that stand behind its wide patterns.
type router struct {
	*http.ServeMux
	inner map[string]*http.ServeMux
}

// patternOf is the route of a request for logs and metrics; paths themselves may hold identifiers.
func (m *router) patternOf(r *http.Request) string {
	_, pattern := m.Handler(r)
	if inner := m.inner[pattern]; inner != nil {
		_, pattern = inner.Handler(r)
	}
	if pattern == "" || pattern == "/" || pattern == anyCall {
		return "unmatched"
	}
	return pattern
}

// quietRoutes are documents that are the same for everybody and asked for all the time: metrics count them, and a log line
// each would hide the others.
func quietRoutes(route string) bool {
	switch route {
	case "GET /.well-known/openid-configuration", "GET /.well-known/oauth-authorization-server", "GET /jwks", "GET /jwks/gm", "GET /static/":
		return true
	}
	return false
}

// management is the listener of health and metrics.
func (a *App) management() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { w.Write([]byte("ok\n")) })
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, r *http.Request) {
		checks := map[string]string{"database": state(a.db.Ping(r.Context())), "keys": state(a.ring.Provider().Health(r.Context())), "documents": state(a.blobs.Health())}
		if a.stamps != nil {
			checks["time_stamps"] = state(a.stamps.Health(r.Context()))
		}
		status := http.StatusOK
		for _, answer := range checks {
			if answer != "ok" {
				status = http.StatusServiceUnavailable
			}
		}
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		json.NewEncoder(w).Encode(map[string]any{"ready": status == http.StatusOK, "checks": checks})
	})
	mux.Handle("GET /metrics", a.metrics.handler())
	return mux
}

func state(err error) string {
	if err != nil {
		return err.Error()
	}
	return "ok"
}
