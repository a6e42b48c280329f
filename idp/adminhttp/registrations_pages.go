package adminhttp

import (
	"net/http"

	"github.com/yinxin-gov/yinxin/web"
)

// registrationsPart is what waits for a decision of those who registered themselves.
func (s *Server) registrationsPart() part {
	return part{
		api:   s.registrationsAPI,
		place: func(*http.Request) (web.AdminPlace, error) { return web.AdminPlace{}, nil },
	}
}
