package peer;

import java.util.HashMap;
import java.util.Map;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.context.annotation.Bean;
import org.springframework.security.config.Customizer;
import org.springframework.security.config.annotation.web.builders.HttpSecurity;
import org.springframework.security.core.annotation.AuthenticationPrincipal;
import org.springframework.security.oauth2.client.OAuth2AuthorizedClient;
import org.springframework.security.oauth2.client.annotation.RegisteredOAuth2AuthorizedClient;
import org.springframework.security.oauth2.client.endpoint.OAuth2RefreshTokenGrantRequest;
import org.springframework.security.oauth2.client.endpoint.RestClientRefreshTokenTokenResponseClient;
import org.springframework.security.oauth2.client.oidc.authentication.OidcIdTokenDecoderFactory;
import org.springframework.security.oauth2.client.oidc.userinfo.OidcUserService;
import org.springframework.security.oauth2.client.oidc.web.logout.OidcClientInitiatedLogoutSuccessHandler;
import org.springframework.security.oauth2.client.registration.ClientRegistration;
import org.springframework.security.oauth2.client.registration.ClientRegistrationRepository;
import org.springframework.security.oauth2.client.web.DefaultOAuth2AuthorizationRequestResolver;
import org.springframework.security.oauth2.client.web.OAuth2AuthorizationRequestCustomizers;
import org.springframework.security.oauth2.core.oidc.user.OidcUser;
import org.springframework.security.oauth2.jose.jws.SignatureAlgorithm;
import org.springframework.security.oauth2.jwt.JwtDecoderFactory;
import org.springframework.security.web.SecurityFilterChain;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.RestController;

/**
 * A portal as a department would write it: everything but the first page asks for a login, which Spring Security does with the
 * issuer. Environment: PEER_ISSUER, PEER_CLIENT, PEER_SECRET, PEER_ALG, PEER_PORT.
 */
@SpringBootApplication
@RestController
public class Portal {

  public static void main(String[] arguments) {
    String registration = "spring.security.oauth2.client.registration.yinxin.";
    Map<String, Object> settings = new HashMap<>();
    settings.put("server.address", "127.0.0.1");
    settings.put("server.port", System.getenv("PEER_PORT"));
    settings.put("spring.main.banner-mode", "off");
    settings.put("spring.jmx.enabled", "false");
    settings.put("spring.security.oauth2.client.provider.yinxin.issuer-uri", System.getenv("PEER_ISSUER"));
    settings.put("spring.security.oauth2.client.provider.yinxin.user-name-attribute", "sub");
    settings.put(registration + "client-id", System.getenv("PEER_CLIENT"));
    settings.put(registration + "client-secret", System.getenv("PEER_SECRET"));
    settings.put(registration + "scope", "openid,profile");
    settings.put(registration + "authorization-grant-type", "authorization_code");
    settings.put(registration + "redirect-uri", "http://localhost:" + System.getenv("PEER_PORT") + "/login/oauth2/code/yinxin");
    SpringApplication portal = new SpringApplication(Portal.class);
    portal.setDefaultProperties(settings);
    portal.run(arguments);
    System.out.println("ready");
  }

  @Bean
  SecurityFilterChain security(HttpSecurity http, ClientRegistrationRepository clients) throws Exception {
    DefaultOAuth2AuthorizationRequestResolver requests = new DefaultOAuth2AuthorizationRequestResolver(clients, "/oauth2/authorization");
    requests.setAuthorizationRequestCustomizer(OAuth2AuthorizationRequestCustomizers.withPkce());
    OidcUserService people = new OidcUserService();
    people.setRetrieveUserInfo(request -> true);
    OidcClientInitiatedLogoutSuccessHandler leaving = new OidcClientInitiatedLogoutSuccessHandler(clients);
    leaving.setPostLogoutRedirectUri("http://localhost:" + System.getenv("PEER_PORT") + "/bye");
    return http.authorizeHttpRequests(r -> r.requestMatchers("/", "/bye").permitAll().anyRequest().authenticated())
        .oauth2Login(l -> l.authorizationEndpoint(e -> e.authorizationRequestResolver(requests)).userInfoEndpoint(u -> u.oidcUserService(people)))
        .logout(l -> l.logoutSuccessHandler(leaving))
        .oidcLogout(l -> l.backChannel(Customizer.withDefaults()))
        .build();
  }

  @Bean
  JwtDecoderFactory<ClientRegistration> idTokens() {
    OidcIdTokenDecoderFactory factory = new OidcIdTokenDecoderFactory();
    factory.setJwsAlgorithmResolver(client -> SignatureAlgorithm.from(System.getenv("PEER_ALG")));
    return factory;
  }

  @GetMapping(value = "/", produces = "text/html;charset=UTF-8")
  String first() {
    return "<h1 id=\"first\">Portal</h1>";
  }

  @GetMapping(value = "/bye", produces = "text/html;charset=UTF-8")
  String bye() {
    return "<h1 id=\"bye\">Signed out</h1>";
  }

  /** Shows the person as the ID token and userinfo tell, after a refresh. */
  @GetMapping(value = "/desk", produces = "text/html;charset=UTF-8")
  String desk(@AuthenticationPrincipal OidcUser person, @RegisteredOAuth2AuthorizedClient("yinxin") OAuth2AuthorizedClient client) {
    var fresh = new RestClientRefreshTokenTokenResponseClient()
        .getTokenResponse(new OAuth2RefreshTokenGrantRequest(client.getClientRegistration(), client.getAccessToken(), client.getRefreshToken()));
    boolean rotated = !fresh.getRefreshToken().getTokenValue().equals(client.getRefreshToken().getTokenValue());
    return "<h1 id=\"name\">" + person.getUserInfo().getFullName() + "</h1><p id=\"sub\">" + person.getSubject() + "</p><p id=\"rotated\">" + rotated + "</p>";
  }
}
