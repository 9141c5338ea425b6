"""A network of sites and one service: nothing of one site crosses to another."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from tests.wordpress.desk import BODY, TITLE, Service
from tests.wordpress.editors import sign_in
from tests.wordpress.site import Site, running_site

pytestmark = pytest.mark.wordpress
TWO = "/two/"
MAKE_NETWORK = """
    global $wpdb;
    foreach ( $wpdb->tables( 'ms_global' ) as $table => $name ) { $wpdb->$table = $name; }
    require_once ABSPATH . 'wp-admin/includes/network.php';
    install_network();
    $made = populate_network( 1, $given['domain'], 'admin@desk.example', 'Desks', '/', false );
    return is_wp_error( $made ) ? $made->get_error_codes() : array();
"""
# WordPress takes the colon of a port out of the domain of a new site.
MAKE_SITE = """
    global $wpdb;
    $id = wp_insert_site( $given );
    $wpdb->update( $wpdb->blogs, array( 'domain' => $given['domain'] ), array( 'blog_id' => $id ) );
    clean_blog_cache( $id );
    switch_to_blog( $id );
    foreach ( array( 'home', 'siteurl' ) as $name ) { update_option( $name, untrailingslashit( "http://{$given['domain']}{$given['path']}" ) ); }
    restore_current_blog();
    return $id;
"""
MULTISITE = """
define( 'MULTISITE', true );
define( 'SUBDOMAIN_INSTALL', false );
define( 'DOMAIN_CURRENT_SITE', '127.0.0.1:{port}' );
define( 'PATH_CURRENT_SITE', '/' );
define( 'SITE_ID_CURRENT_SITE', 1 );
define( 'BLOG_ID_CURRENT_SITE', 1 );
"""
POST = """
    $given['fields'] += array( 'post_status' => 'publish', 'import_id' => 500 );
    $post = wp_insert_post( wp_slash( $given['fields'] ), true );
    wp_set_post_terms( $post, $given['terms'], 'post_tag' );
    return array( $post, get_term_by( 'name', $given['terms'][0], 'post_tag' )->term_id );
"""
SWEEP = "do_action( 'article_tagger_sweep' ); return ( new Article_Tagger\\Outbox() )->counts();"
HEALTH = """
    $settings = new Article_Tagger\\Settings();
    $health   = new Article_Tagger\\Health( $settings, new Article_Tagger\\Client( $settings ), new Article_Tagger\\Outbox() );
    return array_column( $health->lines(), 1 );
"""


@dataclass(frozen=True)
class Network:
    """Two sites and a service."""

    site: Site
    service: Service

    def post(self, uri: str, title: str, *terms: str) -> tuple[int, int]:
        """Publish a post with the number 500, and return it with its first term."""
        fields = {"post_title": title, "post_content": BODY}
        post, term = self.site.php(POST, {"fields": fields, "terms": terms}, uri=uri)
        return int(post), int(term)

    def sweep(self, uri: str) -> list[int]:
        """Send what waits, and return what still waits."""
        return list(self.site.php(SWEEP, uri=uri))

    def article(self, article_id: str) -> dict[str, Any]:
        return dict(self.service.ask("GET", f"/v1/articles/{article_id}"))


@pytest.fixture(scope="module")
def network(service: Service) -> Iterator[Network]:
    with tempfile.TemporaryDirectory(prefix="desks-") as folder, running_site(Path(folder)) as site:
        config = site.root / "wp-config.php"
        text = config.read_text(encoding="utf-8")
        config.write_text(text.replace("$table_prefix", "define( 'WP_INSTALLING_NETWORK', true );\n$table_prefix"))
        problems = site.php(MAKE_NETWORK, {"domain": f"127.0.0.1:{site.port}"})
        assert problems in ([], ["no_wildcard_dns"]), problems
        lines = [line for line in text.splitlines() if "WP_HOME" not in line and "WP_SITEURL" not in line]
        network = MULTISITE.format(port=site.port)
        config.write_text("\n".join(lines).replace("$table_prefix", f"{network}\n$table_prefix"), encoding="utf-8")
        domain = f"127.0.0.1:{site.port}"
        two = {"domain": domain, "path": TWO, "network_id": 1, "title": "Two", "user_id": 1}
        assert site.php(MAKE_SITE, two) == 2
        site.php("activate_plugin( 'article-tagger/article-tagger.php', '', true );")
        service.start()
        yield Network(site, service)
        assert site.complaints() == []


def test_sites_of_a_network_share_settings_and_nothing_crosses(network: Network, browser: Browser) -> None:
    context = browser.new_context()
    sign_in(context, network.site.address, "admin")
    page = context.new_page()
    page.goto(f"{network.site.address}/wp-admin/network/settings.php?page=article-tagger-network")
    page.get_by_label("Address of the service").fill(network.service.address)
    page.get_by_label("Key", exact=True).fill(network.service.cms_key)
    page.get_by_role("button", name="Save Changes").click()
    expect(page.get_by_role("status")).to_have_text("Saved.")
    expect(page.get_by_label("Key", exact=True)).to_have_value("")
    context.close()

    one, two = network.post("/", "One of the main site", "TTP"), network.post(TWO, "One of the second site", "ISIS-K")
    assert one == two  # the same numbers of post and term
    for uri in ("/", TWO):
        network.sweep(uri)
        assert network.sweep(uri) == [0, 0, 0]
    found = [network.article(article) for article in ("wp-500", "wp-2-500")]
    assert [(one["title"], one["tags"]) for one in found] == [
        ("One of the main site", ["ttp"]),
        ("One of the second site", ["iskp"]),
    ]
    network.site.php("wp_delete_post( 500, true );", uri=TWO)
    assert network.sweep(TWO) == [0, 0, 0]
    assert network.article("wp-500")["tags"] == ["ttp"]


@pytest.mark.parametrize("who", ["another key", "another address"])
def test_what_another_site_wrote_is_said_on_the_settings_page(network: Network, who: str) -> None:
    service = network.service
    if who == "another key":
        service.ask("PUT", "/v1/articles/taken-500", {"title": TITLE, "body": BODY}, service.other_key)
    else:
        theirs = {"title": TITLE, "body": BODY, "url": "https://other.example/a"}
        service.ask("PUT", "/v1/articles/taken-500", theirs, service.cms_key)
    given = {"address": service.address, "key": service.cms_key, "prefix": "taken-"}
    network.site.php("update_option( 'article_tagger', $given );", given)
    network.post("/", "One of the main site", "TTP")
    try:
        lines = " ".join(network.site.php(HEALTH))
        assert ("belongs to the key other" if who == "another key" else "one of https://other.example/a") in lines
    finally:
        network.site.php("delete_option( 'article_tagger' ); wp_delete_post( 500, true );")
        service.ask("DELETE", "/v1/articles/taken-500")
