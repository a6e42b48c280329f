package adminhttp

import (
	"net/http"

	"github.com/yinxin-gov/yinxin/web"
)

// clientsPart is the registered applications.
func (s *Server) clientsPart() part {
	return part{
		api: s.clientsAPI,
		place: func(*http.Request) (web.AdminPlace, error) {
			return web.AdminPlace{}, nil
		},
	}
}
