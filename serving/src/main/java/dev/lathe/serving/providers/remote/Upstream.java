package dev.lathe.serving.providers.remote;

import java.io.IOException;
import java.net.URI;
import java.util.Map;
import org.apache.hc.client5.http.ConnectTimeoutException;
import org.apache.hc.client5.http.HttpRoute;
import org.apache.hc.client5.http.classic.methods.HttpPost;
import org.apache.hc.client5.http.config.ConnectionConfig;
import org.apache.hc.client5.http.config.RequestConfig;
import org.apache.hc.client5.http.impl.DefaultSchemePortResolver;
import org.apache.hc.client5.http.impl.classic.CloseableHttpClient;
import org.apache.hc.client5.http.impl.classic.HttpClients;
import org.apache.hc.client5.http.impl.io.PoolingHttpClientConnectionManager;
import org.apache.hc.client5.http.impl.io.PoolingHttpClientConnectionManagerBuilder;
import org.apache.hc.client5.http.routing.RoutingSupport;
import org.apache.hc.core5.http.ConnectionRequestTimeoutException;
import org.apache.hc.core5.http.ContentType;
import org.apache.hc.core5.http.HttpHost;
import org.apache.hc.core5.http.NoHttpResponseException;
import org.apache.hc.core5.http.io.SocketConfig;
import org.apache.hc.core5.http.io.entity.ByteArrayEntity;
import org.apache.hc.core5.pool.PoolConcurrencyPolicy;
import org.apache.hc.core5.util.TimeValue;
import org.apache.hc.core5.util.Timeout;

/** One pool of connections to every upstream. Calls block; virtual threads make them. */
public final class Upstream implements AutoCloseable {
  private static final Timeout CONNECT = Timeout.ofSeconds(5);
  private static final Timeout POOLED = Timeout.ofSeconds(60);

  private final PoolingHttpClientConnectionManager pool;
  private final CloseableHttpClient http;

  /**
   * @param connections to one upstream at most
   */
  public Upstream(int connections) {
    this(connections, Map.of());
  }

  /**
   * @param connections to one upstream at most
   * @param own what stands instead for some servers, by any address of theirs
   */
  public Upstream(int connections, Map<URI, Integer> own) {
    pool =
        PoolingHttpClientConnectionManagerBuilder.create()
            .setPoolConcurrencyPolicy(PoolConcurrencyPolicy.LAX)
            .setMaxConnPerRoute(connections)
            .setMaxConnTotal(Integer.MAX_VALUE)
            .setDefaultSocketConfig(SocketConfig.custom().setTcpNoDelay(true).build())
            .setDefaultConnectionConfig(
                ConnectionConfig.custom()
                    .setConnectTimeout(CONNECT)
                    .setValidateAfterInactivity(TimeValue.ofSeconds(1))
                    .build())
            .build();
    own.forEach((address, most) -> pool.setMaxPerRoute(route(address), most));
    http =
        HttpClients.custom()
            .setConnectionManager(pool)
            .setUserAgent("lathe")
            .disableAutomaticRetries() // the router decides what is asked again
            .disableRedirectHandling()
            .disableCookieManagement()
            .disableAuthCaching()
            .disableContentCompression() // answers are passed on as bytes
            .build();
  }

  private static HttpRoute route(URI address) {
    var host = new HttpHost(address.getScheme(), address.getHost(), address.getPort());
    return new HttpRoute(
        RoutingSupport.normalize(host, DefaultSchemePortResolver.INSTANCE),
        null,
        "https".equalsIgnoreCase(address.getScheme()));
  }

  /**
   * Asks, and returns as soon as the answer's head is here.
   *
   * @throws NotReached when nothing of the request can have been worked on
   * @throws IOException when the connection broke, or nothing came in time
   */
  public UpstreamAnswer ask(Endpoint endpoint, Exchange exchange) throws IOException {
    var request = new HttpPost(endpoint.at(exchange.path()));
    request.setConfig(
        RequestConfig.custom()
            .setResponseTimeout(Timeout.of(endpoint.timeout()))
            .setConnectionRequestTimeout(POOLED)
            .build());
    exchange.headers(endpoint.key()).forEach(request::setHeader);
    request.setEntity(new ByteArrayEntity(exchange.body(), ContentType.APPLICATION_JSON));
    try {
      var response = http.executeOpen(null, request, null);
      return new UpstreamAnswer(exchange, request, response);
    } catch (ConnectionRequestTimeoutException e) {
      throw new NotReached("all connections to it are in use", e);
    } catch (ConnectTimeoutException | java.net.ConnectException e) {
      throw new NotReached("nothing listens there", e);
    } catch (java.net.UnknownHostException | java.net.NoRouteToHostException e) {
      throw new NotReached("its address cannot be reached", e);
    } catch (NoHttpResponseException e) {
      // The server closed a connection that lay idle, before it read from it.
      throw new NotReached("it closed the connection", e);
    }
  }

  @Override
  public void close() {
    try {
      http.close();
    } catch (IOException e) {
      // Nothing is left to be saved.
    } finally {
      pool.close();
    }
  }

  /** The request did not get there. */
  public static final class NotReached extends IOException {
    private static final long serialVersionUID = 1L;

    NotReached(String message, Throwable cause) {
      super(message, cause);
    }
  }
}
