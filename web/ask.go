package web

import "time"

// LicenseAskPage is "license-ask": the form by which anybody asks to be shown a licence, or the request to be scanned (当面核验).
type LicenseAskPage struct {
	Purpose, Profile FormField
	Name             string // what the holder can be told of who is signed in; empty for nobody

	QR        QR // of the request; the form where there is none
	URL       string
	Facts     []ShownField
	ExpiresAt time.Time
	Again     string
	Code      FormField // what the holder shows
	Hidden    []Hidden
}

// LicenseAnswerPage is "license-answer": a request, the licences with which it can be answered, or what an answer shows.
type LicenseAnswerPage struct {
	Ask       FormField // a request that was passed on as text
	Action    string    // GET
	Facts     []ShownField
	Unsaid    bool // nobody knows who asks
	ExpiresAt time.Time
	Licenses  []Link
	NextURL   string

	Fields  []ShownField // what is shown
	ShowURL string       // POST with Hidden shows it
	Hidden  []Hidden
	BackURL string
}
