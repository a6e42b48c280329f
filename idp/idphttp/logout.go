package idphttp

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/session"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/outbox"
	"github.com/yinxin-gov/yinxin/web"
)

// logoutRequest is what an RP-initiated logout asks (OpenID Connect RP-Initiated Logout 1.0).
type logoutRequest struct {
	client    idp.Client
	known     bool
	returnTo  string
	state     string
	hintMatch bool // the hint is of the very session of this browser
}

func (s *Server) readLogout(r *http.Request, current session.Session, signedIn bool) (logoutRequest, error) {
	var q logoutRequest
	clientID := r.FormValue("client_id")
	if hint := r.FormValue("id_token_hint"); hint != "" {
		audience, _, sid, err := s.Tokens.Hint(r.Context(), hint)
		if err != nil || clientID != "" && clientID != audience {
			return q, fault.Wrap(err, fault.RequestInvalid)
		}
		clientID = audience
		q.hintMatch = !signedIn || sid == current.ID
	}
	if clientID != "" {
		client, ok := s.Clients.Find(clientID)
		if !ok {
			return q, fault.New(fault.ClientUnknown)
		}
		q.client, q.known = client.Client, true
	}
	q.returnTo, q.state = r.FormValue("post_logout_redirect_uri"), r.FormValue("state")
	if q.returnTo != "" && (!q.known || !slices.Contains(q.client.PostLogoutRedirectURIs, q.returnTo)) {
		return q, fault.New(fault.RedirectUnknown) // O-52: no redirect to an address that is not registered
	}
	return q, nil
}

// logoutPage ends the session at once when a portal shows an ID token of this very session; otherwise it asks.
func (s *Server) logoutPage(w http.ResponseWriter, r *http.Request) error {
	current, signedIn, err := s.Session(r)
	if err != nil {
		return err
	}
	q, err := s.readLogout(r, current, signedIn)
	if err != nil {
		return err
	}
	if q.hintMatch && navigates(r) || !signedIn {
		return s.endSession(w, r, q, current, signedIn)
	}
	systems, err := s.systems(r.Context(), current.ID)
	if err != nil {
		return err
	}
	return s.Pages.Page(w, r, http.StatusOK, "logout", web.Page{Identity: s.Identity(r), Callbacks: callbacks(q.returnTo), Body: web.LogoutPage{
		Hidden: hidden("client_id", q.client.ClientID, "post_logout_redirect_uri", q.returnTo, "state", q.state), App: q.client.ClientName, Systems: systems,
		Here: q.known && slices.Contains(systems, q.client.ClientName)}})
}

// navigates reports whether a person went to the address, rather than a page that shows it as a picture or in a frame
// (O-52). Browsers that do not say so are taken at their word.
func navigates(r *http.Request) bool {
	destination := r.Header.Get("Sec-Fetch-Dest")
	return destination == "" || destination == "document"
}

func callbacks(address string) []string {
	if address == "" {
		return nil
	}
	return []string{address}
}

func (s *Server) systems(ctx context.Context, sid string) ([]string, error) {
	parties, err := s.Sessions.Parties(ctx, sid)
	if err != nil {
		return nil, fault.Wrap(err, fault.Unavailable)
	}
	var names []string
	for _, party := range parties {
		if client, ok := s.party(party.ClientID); ok {
			names = append(names, client.ClientName)
		}
	}
	return names, nil
}

// sameOrigin judges the confirmation, which the routes let pass for the requests of portals.
var sameOrigin = http.NewCrossOriginProtection()

// logoutAnswer takes the confirmation, and requests that a portal sends by POST (RP-Initiated Logout 1.0 section 2). The
// browser keeps the session's cookie back from those, so they go on as GET.
func (s *Server) logoutAnswer(w http.ResponseWriter, r *http.Request) error {
	if !r.PostForm.Has("logout-confirm") && !r.PostForm.Has("logout-here") {
		query := url.Values{}
		for _, name := range []string{"id_token_hint", "client_id", "post_logout_redirect_uri", "state", "logout_hint", "ui_locales"} {
			if r.PostForm.Has(name) {
				query.Set(name, r.PostForm.Get(name))
			}
		}
		return see(w, r, "/logout?"+query.Encode())
	}
	if sameOrigin.Check(r) != nil {
		return fault.New(fault.CrossOrigin) // O-49
	}
	current, signedIn, err := s.Session(r)
	if err != nil {
		return err
	}
	q, err := s.readLogout(r, current, signedIn)
	if err != nil {
		return err
	}
	if r.PostForm.Has("logout-here") && signedIn && q.known {
		return s.leaveSystem(w, r, q, current)
	}
	return s.endSession(w, r, q, current, signedIn)
}

// leaveSystem signs out at the application that asked, and nowhere else.
func (s *Server) leaveSystem(w http.ResponseWriter, r *http.Request, q logoutRequest, current session.Session) error {
	parties, _, err := s.Sessions.Leave(r.Context(), current.ID, current.AccountID, q.client.ClientID)
	if err != nil {
		return err
	}
	back, err := returnAddress(q)
	if err != nil {
		return err
	}
	frames := s.framesOf(parties)
	if back != "" && len(frames) == 0 {
		return see(w, r, back)
	}
	page := web.Page{Identity: s.Identity(r), Body: web.LogoutResultPage{Left: q.client.ClientName, Results: s.parting(r.Context(), parties, back == ""), Frames: frames}}
	s.leadOn(r, &page, back, q.client.ClientName)
	return s.Pages.Page(w, r, http.StatusOK, "logout-result", page)
}

// returnAddress is where the application wants the browser afterwards; empty for nowhere.
func returnAddress(q logoutRequest) (string, error) {
	if q.returnTo == "" {
		return "", nil
	}
	target, err := url.Parse(q.returnTo)
	if err != nil {
		return "", fault.Wrap(err, fault.RedirectUnknown)
	}
	if q.state != "" {
		query := target.Query()
		query.Set("state", q.state)
		target.RawQuery = query.Encode()
	}
	return target.String(), nil
}

// leadOn lets a result page with frames go on to the application by itself.
func (s *Server) leadOn(r *http.Request, page *web.Page, back, name string) {
	body, _ := page.Body.(web.LogoutResultPage)
	for _, frame := range body.Frames {
		page.Frames = append(page.Frames, frame.URL)
	}
	if back != "" {
		page.OnwardURL, page.OnwardSeconds = back, frameSeconds
		body.Return = &web.Link{Label: s.Pages.Text(r, "logout.return", "app", name), URL: back}
	}
	page.Body = body
}

// partingTime is how long a page waits for the systems to answer before it says what it knows (X-09 gives them five seconds).
const partingTime = 2 * time.Second

// framesOf are the systems that are told through the browser.
func (s *Server) framesOf(parties []session.Party) (frames []web.LogoutFrame) {
	for _, party := range parties {
		if client, ok := s.party(party.ClientID); ok && client.FrontchannelLogoutURI != "" {
			frames = append(frames, web.LogoutFrame{System: client.ClientName, URL: s.frontchannel(client, party.ShownSID())})
		}
	}
	return frames
}

// parting is what became of the systems that a session was signed in at: told and answered, not answered yet, or not to be told. A
// page that stays waits for their answers, one that goes on does not.
func (s *Server) parting(ctx context.Context, parties []session.Party, stays bool) (results []web.LogoutResult) {
	waits, stop := context.WithTimeout(ctx, partingTime)
	defer stop()
	if !stays {
		stop()
	}
	for _, party := range parties {
		client, ok := s.party(party.ClientID)
		if !ok {
			continue
		}
		result := web.LogoutResult{System: client.ClientName, State: web.LogoutQuiet}
		switch {
		case client.BackchannelLogoutURI != "":
			result.State = s.told(ctx, waits, party.ShownSID()+"/"+party.ClientID)
		case client.FrontchannelLogoutURI != "":
			result.State = web.LogoutWaiting
		}
		results = append(results, result)
	}
	return results
}

// told waits until a system has answered its message, at most until the second context ends.
func (s *Server) told(ctx, waits context.Context, key string) string {
	if s.Receipt == nil {
		return web.LogoutWaiting
	}
	for {
		receipt, ok, err := s.Receipt(ctx, session.TopicLogout, key)
		over := waits.Err() != nil
		switch {
		case err != nil || !ok:
			return web.LogoutWaiting
		case receipt.State == outbox.Done:
			return web.LogoutDone
		case over && receipt.Attempts > 0:
			return web.LogoutFailed
		case over:
			return web.LogoutWaiting
		}
		select {
		case <-waits.Done():
		case <-time.After(20 * time.Millisecond):
		}
	}
}

func (s *Server) endSession(w http.ResponseWriter, r *http.Request, q logoutRequest, current session.Session, signedIn bool) error {
	var parties []session.Party
	if signedIn {
		forget(r)
		var err error
		parties, err = s.Sessions.End(r.Context(), current.ID, current.AccountID)
		if err != nil {
			return err
		}
	}
	frames := s.framesOf(parties)
	s.setCookie(w, cookieSession, "", -1)
	back, err := returnAddress(q)
	if err != nil {
		return err
	}
	returnTo, viaPage := q.client.ClientName, len(frames) > 0
	if signedIn { // ours has ended, whatever becomes of the source's
		if name, address := s.leaveSource(r, current.ID, back); address != "" {
			back, returnTo = address, name
			viaPage = viaPage || r.Method == http.MethodPost // the policy of the page with the button names no source
		}
	}
	if back != "" && !viaPage {
		return see(w, r, back)
	}
	page := web.Page{Body: web.LogoutResultPage{Results: s.parting(r.Context(), parties, back == ""), Frames: frames}}
	s.leadOn(r, &page, back, returnTo)
	return s.Pages.Page(w, r, http.StatusOK, "logout-result", page)
}

// frameSeconds is how long the browser stays to tell the systems, before it goes back to the portal.
const frameSeconds = 3

// frontchannel is where a system is told through the browser, with issuer and session where it registered for them
// (OpenID Connect Front-Channel Logout 1.0 section 3).
func (s *Server) frontchannel(client idp.Client, sid string) string {
	target, err := url.Parse(client.FrontchannelLogoutURI)
	if err != nil || !client.FrontchannelSession {
		return client.FrontchannelLogoutURI
	}
	query := target.Query()
	query.Set("iss", s.Issuer)
	query.Set("sid", sid)
	target.RawQuery = query.Encode()
	return target.String()
}

// Poster sends a logout token; internal/outbound answers it.
type Poster func(ctx context.Context, address string, form url.Values) (status int, err error)

// DeliverLogout is the outbox handler of back-channel logout.
func (s *Server) DeliverLogout(post Poster) func(ctx context.Context, payload []byte) error {
	return func(ctx context.Context, payload []byte) error {
		var m session.LogoutMessage
		if err := json.Unmarshal(payload, &m); err != nil {
			return fmt.Errorf("read logout message: %w", err)
		}
		client, ok := s.Clients.Find(m.ClientID)
		if !ok || client.BackchannelLogoutURI == "" {
			return nil // no longer registered: nobody to tell
		}
		token, err := s.Tokens.LogoutToken(ctx, client.Client, m.Subject, m.SID)
		if err != nil {
			return err
		}
		status, err := post(ctx, client.BackchannelLogoutURI, url.Values{"logout_token": {token}})
		if err != nil {
			return err
		}
		if status != http.StatusOK && status != http.StatusNoContent {
			return fmt.Errorf("the relying party answered %d", status)
		}
		return nil
	}
}
