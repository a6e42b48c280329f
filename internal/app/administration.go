package app

import (
	"github.com/yinxin-gov/yinxin/idp/adminhttp"
	"github.com/yinxin-gov/yinxin/web"
)

// administration joins what administrators work with.
func (a *App) administration() *adminhttp.Server {
	return adminhttp.New(adminhttp.Config{Site: a.site(), Ring: a.ring, Now: a.opts.Now})
}

// site is what the pages of every room have in common.
func (a *App) site() web.Site {
	return web.Site{Renderer: a.pages, Identity: a.identity.Identity, LoginURL: func(string) string { return "/login" }}
}
