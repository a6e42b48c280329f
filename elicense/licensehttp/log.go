package licensehttp

import (
	"context"
	"encoding/hex"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/yinxin-gov/yinxin/elicense"
	"github.com/yinxin-gov/yinxin/internal/problem"
)

// publicLog serves the transparency log to anybody, in the layout of C2SP tlog-tiles.
func publicLog(mux *http.ServeMux, service *elicense.Service) {
	mux.HandleFunc("GET /log/checkpoint", logCheckpoint(service, elicense.LogMain))
	mux.HandleFunc("GET /log/keys", logKeys(service, elicense.LogMain))
	mux.HandleFunc("GET /log/tile/{path...}", logTile(service, elicense.LogMain))
	mux.HandleFunc("GET /log/roots/checkpoint", logCheckpoint(service, elicense.LogRoots))
	mux.HandleFunc("GET /log/roots/keys", logKeys(service, elicense.LogRoots))
	mux.HandleFunc("GET /log/roots/tile/{path...}", logTile(service, elicense.LogRoots))
}

func logCheckpoint(service *elicense.Service, tree elicense.LogTree) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		c, err := service.LogCheckpoint(r.Context(), tree)
		if err != nil {
			problem.Write(w, r, err)
			return
		}
		w.Header().Set("Last-Modified", c.SignedAt.UTC().Format(http.TimeFormat))
		logAnswer(w, r, "text/plain; charset=utf-8", "public, max-age=5", c.Note)
	}
}

func logKeys(service *elicense.Service, tree elicense.LogTree) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		keys, err := service.LogKeys(r.Context(), tree)
		if err != nil {
			problem.Write(w, r, err)
			return
		}
		var lines strings.Builder
		for _, k := range keys {
			lines.WriteString(k.String() + "\n")
		}
		logAnswer(w, r, "text/plain; charset=utf-8", "public, max-age=300", []byte(lines.String()))
	}
}

func logTile(service *elicense.Service, tree elicense.LogTree) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		content, err := service.LogFile(r.Context(), tree, "tile/"+r.PathValue("path"))
		if err != nil {
			problem.Write(w, r, err)
			return
		}
		logAnswer(w, r, "application/octet-stream", "public, max-age=31536000, immutable", content)
	}
}

func logAnswer(w http.ResponseWriter, r *http.Request, media, cache string, content []byte) {
	h := w.Header()
	h.Set("Content-Type", media)
	h.Set("Cache-Control", cache)
	h.Set("Access-Control-Allow-Origin", "*")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Length", strconv.Itoa(len(content)))
	if r.Method != http.MethodHead {
		_, _ = w.Write(content) // a caller that went away is no fault of ours
	}
}

// LogEventProof is the proof of a change of status.
type LogEventProof struct {
	To         string    `json:"to" doc:"Status after it"`
	RecordedAt time.Time `json:"recorded_at"`
	Proof      string    `json:"proof" doc:"Text of a proof file (C2SP tlog-proof, hashes in SM3)"`
	Digest     string    `json:"digest" doc:"Of the entry, in hexadecimal"`
}

// LicenseLogProofs are what proves that a licence and the changes of its status are in the transparency log.
type LicenseLogProofs struct {
	LicenseID string          `json:"license_id"`
	Proof     string          `json:"proof" doc:"Text of a proof file (C2SP tlog-proof, hashes in SM3) of the licence"`
	Digest    string          `json:"digest" doc:"Of the entry, in hexadecimal; what yinxin log monitor is told to expect"`
	Events    []LogEventProof `json:"events" doc:"Of the changes of status, the newest first; 50 at most"`
	Secret    []byte          `json:"secret,omitempty" doc:"For the holder alone: by it yinxin log monitor finds every entry about this licence"`
}

type logProofsOutput struct {
	CacheControl string `header:"Cache-Control"`
	Body         LicenseLogProofs
}

func (a *api) logProofs(ctx context.Context, in *idInput) (*logProofsOutput, error) {
	proofs, err := a.service.LogProofs(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	out := &logProofsOutput{"private, no-store", LicenseLogProofs{LicenseID: proofs.LicenseID, Proof: string(proofs.License), Digest: hex.EncodeToString(proofs.Digest), Events: []LogEventProof{}, Secret: proofs.Secret}}
	for _, e := range proofs.Events {
		out.Body.Events = append(out.Body.Events, LogEventProof{e.To, e.RecordedAt, string(e.Proof), hex.EncodeToString(e.Digest)})
	}
	return out, nil
}

type forgetLoggedInput struct {
	ID   string `path:"id" maxLength:"64"`
	Body struct {
		LegalBasis string `json:"legal_basis" minLength:"1" maxLength:"300" doc:"Why the entries must not be opened any more; kept in the audit log"`
	}
}

func (a *api) forgetLogged(ctx context.Context, in *forgetLoggedInput) (*struct{}, error) {
	return nil, a.service.ForgetLogged(ctx, in.ID, in.Body.LegalBasis)
}

func registerLog(to huma.API, a *api) {
	proofs := operation("get-license-log-proofs", http.MethodGet, "/api/v1/licenses/{id}/log-proofs", "Get the proofs that a licence and its changes are in the transparency log")
	proofs.Description = "409 with Retry-After while an entry is not under a checkpoint yet; 404 where the secret of the entries was dropped."
	huma.Register(to, proofs, a.logProofs)
	forget := operation("forget-license-log-secret", http.MethodPost, "/api/v1/licenses/{id}/log-erasure", "Drop the secret of a licence's log entries, so that nothing can be told from them; final")
	forget.DefaultStatus = http.StatusNoContent
	huma.Register(to, forget, a.forgetLogged)
}
