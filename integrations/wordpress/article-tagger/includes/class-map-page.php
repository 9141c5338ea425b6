<?php
/**
 * The page on which terms and tags are matched.
 *
 * @package Article_Tagger
 */

namespace Article_Tagger;

defined( 'ABSPATH' ) || exit;

/**
 * Shows which term stands for which tag, and takes what an administrator says of it. The service keeps the map; its imports
 * use it too.
 */
class Map_Page {

	const PAGE   = 'article-tagger-terms';
	const SAVE   = 'article_tagger_map';
	const NOTICE = 'article_tagger_map_';
	const ROWS   = 50;
	const LISTED = 1000; // So many tags are offered while one types.

	/**
	 * Keep the parts.
	 *
	 * @param Settings $settings The settings.
	 * @param Client $client   The service.
	 * @param Tags   $tags     The tags of the service.
	 * @param Terms  $terms    The terms.
	 * @param Resend $resend   What is sent again.
	 * @param Feed   $feed     What was changed of tags.
	 */
	public function __construct( private Settings $settings, private Client $client, private Tags $tags, private Terms $terms, private Resend $resend, private Feed $feed ) {}

	/**
	 * Hook into WordPress.
	 */
	public function register(): void {
		add_action( 'admin_menu', array( $this, 'add_page' ) );
		add_action( 'admin_post_' . self::SAVE, array( $this, 'save' ) );
	}

	/**
	 * Add the page to the menu.
	 */
	public function add_page(): void {
		add_options_page( __( 'Terms and tags', 'article-tagger' ), __( 'Terms and tags', 'article-tagger' ), 'manage_options', self::PAGE, array( $this, 'show' ) );
	}

	/**
	 * Return the address of the page.
	 *
	 * @param array $query What it shows.
	 */
	public static function url( array $query = array() ): string {
		return add_query_arg( array_map( 'rawurlencode', array_merge( array( 'page' => self::PAGE ), $query ) ), admin_url( 'options-general.php' ) );
	}

	// --- what was said ---

	/**
	 * Take what was said of a term, and go back to the page.
	 */
	public function save(): void {
		if ( ! current_user_can( 'manage_options' ) ) {
			wp_die( esc_html__( 'You may not change which term stands for which tag.', 'article-tagger' ), '', array( 'response' => 403 ) );
		}
		check_admin_referer( self::SAVE );
		$said    = array_map( fn( mixed $text ) => is_string( $text ) ? trim( wp_unslash( $text ) ) : '', $_POST ); // phpcs:ignore WordPress.Security
		$term    = get_term( (int) ( $said['term'] ?? 0 ) );
		$problem = $term instanceof \WP_Term ? $this->change( $term, $said ) : __( 'There is no such term any more.', 'article-tagger' );
		/* translators: %s: the name of a term */
		$done = $term instanceof \WP_Term ? sprintf( __( 'Saved: %s. Its posts are sent again in the background.', 'article-tagger' ), $term->name ) : '';
		set_transient( self::NOTICE . get_current_user_id(), array( '' === $problem, '' === $problem ? $done : $problem ), MINUTE_IN_SECONDS );
		wp_safe_redirect( self::url( array_intersect_key( $said, array_flip( array( 'state', 'words', 'after' ) ) ) ) );
		exit;
	}

	/**
	 * Have the service told which tag a term stands for.
	 *
	 * @param \WP_Term $term The term.
	 * @param string[] $said What was sent.
	 * @return string What is wrong, or nothing.
	 */
	public function change( \WP_Term $term, array $said ): string {
		$tag = $this->tag_meant( $said['near'] ?? '', $said['tag'] ?? '' );
		$do  = '' === ( $said['near'] ?? '' ) ? ( $said['do'] ?? 'map' ) : 'map';
		if ( 'map' === $do && null === $tag ) {
			/* translators: %s: what was typed */
			return sprintf( __( 'The article tagger has no tag “%s”.', 'article-tagger' ), $said['tag'] ?? '' );
		}
		$tags  = array(
			'map'    => array( $tag ),
			'ignore' => array(),
		);
		$body  = array(
			'tags'   => $tags[ $do ] ?? null,
			'editor' => Watcher::editor(),
		);
		$sent  = $this->terms->sendable( $term );
		$reply = $this->client->request( 'PUT', '/v1/terms/' . rawurlencode( $sent['id'] ), $body, array(), Client::IMPATIENT );
		if ( ! $reply->ok() || ! is_array( $reply->body['tags'] ?? null ) ) {
			return $reply->problem();
		}
		delete_term_meta( $term->term_id, Mover::TAG );
		$this->terms->know( array( $sent ), 1 === count( $reply->body['tags'] ) ? array( $sent['id'] => $reply->body['tags'][0] ) : array() );
		$this->resend->posts_of( $term );
		return '';
	}

	/**
	 * Return the id of the tag that is meant, or null.
	 *
	 * @param string $id   The id of a tag that was offered.
	 * @param string $name What was typed: a label, an id or another name.
	 */
	private function tag_meant( string $id, string $name ): ?string {
		if ( '' !== $id ) {
			return $this->tags->find( $id )['id'] ?? null;
		}
		return $this->tags->named( $name )['id'] ?? null;
	}

	// --- the page ---

	/**
	 * Show the page.
	 */
	public function show(): void {
		if ( ! current_user_can( 'manage_options' ) ) {
			return;
		}
		$shown = array();
		foreach ( array( 'state', 'words', 'after' ) as $name ) {
			$shown[ $name ] = is_string( $_GET[ $name ] ?? null ) ? sanitize_text_field( wp_unslash( $_GET[ $name ] ) ) : ''; // phpcs:ignore WordPress.Security.NonceVerification
		}
		$shown['state'] = in_array( $shown['state'], array( 'known', 'unknown', 'ignored', 'all' ), true ) ? $shown['state'] : 'unknown';
		$reply          = $this->client->get( '/v1/terms?' . http_build_query( array_merge( array_filter( $shown ), array( 'limit' => self::ROWS, 'prefix' => $this->settings->term_prefix() ) ) ) );
		echo '<div class="wrap"><h1>' . esc_html( get_admin_page_title() ) . '</h1>';
		echo '<p>' . esc_html__( 'Each term of this site stands for a tag of the article tagger, or for none. What you say here counts for posts that are saved and for archives that are imported.', 'article-tagger' ) . '</p>';
		$this->show_notice();
		$this->show_plan();
		$this->show_filters( $shown );
		if ( $reply->ok() && is_array( $reply->body['terms'] ?? null ) ) {
			$this->show_table( array_filter( $reply->body['terms'], 'is_array' ), $shown );
			$this->show_next( (string) ( $reply->body['cursor'] ?? '' ), $shown );
		} else {
			printf( '<div class="notice notice-error inline"><p>%s</p></div>', esc_html( $reply->problem() ) );
		}
		echo '</div>';
	}

	/**
	 * Show what came of the last change.
	 */
	private function show_notice(): void {
		$notice = get_transient( self::NOTICE . get_current_user_id() );
		if ( is_array( $notice ) ) {
			delete_transient( self::NOTICE . get_current_user_id() );
			printf( '<div class="notice notice-%s" role="status"><p>%s</p></div>', $notice[0] ? 'success' : 'error', esc_html( $notice[1] ) );
		}
	}

	/**
	 * Show which changes of the tags wait, and how many posts each would give another term.
	 */
	private function show_plan(): void {
		$plan  = $this->feed->plan();
		$state = $this->feed->state();
		if ( $plan ) {
			echo '<h2>' . esc_html__( 'Changes of the tags that are to be carried out', 'article-tagger' ) . '</h2><ul class="ul-disc" id="article-tagger-plan">';
			foreach ( array_slice( $plan, 0, 20 ) as list( $line, $n ) ) {
				/* translators: 1: a change, 2: a number of posts */
				echo '<li>' . esc_html( sprintf( __( '%1$s (posts that get another term: %2$s)', 'article-tagger' ), $line, number_format_i18n( $n ) ) ) . '</li>';
			}
			echo '</ul>';
		}
		if ( $state['moved'] + $state['failed'] ) {
			/* translators: 1: a number of posts, 2: another one */
			printf( '<p>%s</p>', esc_html( sprintf( __( 'So far %1$s posts got another term, and %2$s could not.', 'article-tagger' ), number_format_i18n( $state['moved'] ), number_format_i18n( $state['failed'] ) ) ) );
		}
	}

	/**
	 * Show which terms can be shown.
	 *
	 * @param string[] $shown What is shown.
	 */
	private function show_filters( array $shown ): void {
		$states = array(
			'unknown' => __( 'Without a tag', 'article-tagger' ),
			'known'   => __( 'With a tag', 'article-tagger' ),
			'ignored' => __( 'Ignored', 'article-tagger' ),
			'all'     => __( 'All', 'article-tagger' ),
		);
		$links  = array();
		foreach ( $states as $state => $text ) {
			$current = $state === $shown['state'] ? ' class="current" aria-current="page"' : '';
			$links[] = sprintf( '<a href="%s"%s>%s</a>', esc_url( self::url( array( 'state' => $state ) ) ), $current, esc_html( $text ) );
		}
		echo '<ul class="subsubsub"><li>' . implode( ' | </li><li>', $links ) . '</li></ul>'; // phpcs:ignore WordPress.Security.EscapeOutput
		printf(
			'<form class="search-box" method="get"><input type="hidden" name="page" value="%s"><input type="hidden" name="state" value="%s"><label class="screen-reader-text" for="article-tagger-words">%s</label><input type="search" id="article-tagger-words" name="words" value="%s"> <button class="button">%3$s</button></form>',
			esc_attr( self::PAGE ),
			esc_attr( $shown['state'] ),
			esc_html__( 'Search terms', 'article-tagger' ),
			esc_attr( $shown['words'] )
		);
	}

	/**
	 * Show the terms.
	 *
	 * @param array[]  $rows  What the service says of them.
	 * @param string[] $shown What is shown.
	 */
	private function show_table( array $rows, array $shown ): void {
		$heads = array( __( 'Term', 'article-tagger' ), __( 'Taxonomy', 'article-tagger' ), __( 'Posts', 'article-tagger' ), __( 'Tag', 'article-tagger' ), __( 'Change', 'article-tagger' ) );
		echo '<table class="wp-list-table widefat striped" id="article-tagger-terms"><thead><tr>';
		foreach ( $heads as $head ) {
			echo '<th scope="col">' . esc_html( $head ) . '</th>';
		}
		echo '</tr></thead><tbody>';
		$n_shown = 0;
		foreach ( $rows as $row ) {
			$term = get_term( $this->settings->term_number( (string) ( $row['id'] ?? '' ) ) );
			if ( $term instanceof \WP_Term ) {
				$this->show_row( $term, $row, $shown );
				++$n_shown;
			}
		}
		if ( 0 === $n_shown ) {
			echo '<tr><td colspan="5">' . esc_html__( 'There are none.', 'article-tagger' ) . '</td></tr>';
		}
		echo '</tbody></table><datalist id="article-tagger-tags">';
		foreach ( $this->tags->first( self::LISTED ) as $tag ) {
			echo '<option value="' . esc_attr( $tag['label'] ) . '">';
		}
		echo '</datalist>';
	}

	/**
	 * Show a term.
	 *
	 * @param \WP_Term $term  The term.
	 * @param array    $row   What the service says of it.
	 * @param string[] $shown What is shown.
	 */
	private function show_row( \WP_Term $term, array $row, array $shown ): void {
		$name   = html_entity_decode( $term->name, ENT_QUOTES | ENT_HTML5, 'UTF-8' );
		$list   = get_taxonomy( $term->taxonomy );
		$labels = array_map( fn( mixed $tag ) => $this->label( (string) $tag ), (array) ( $row['tags'] ?? array() ) );
		printf(
			'<tr data-term="%d"><th scope="row"><a href="%s">%s</a></th><td>%s</td><td>%s</td><td>%s</td><td>',
			(int) $term->term_id,
			esc_url( (string) get_edit_term_link( $term ) ),
			esc_html( $name ),
			esc_html( $list ? $list->label : $term->taxonomy ),
			esc_html( number_format_i18n( $term->count ) ),
			esc_html( $labels ? implode( ', ', $labels ) : $this->why_none( (string) ( $row['by'] ?? '' ) ) )
		);
		printf( '<form method="post" action="%s">', esc_url( admin_url( 'admin-post.php' ) ) );
		foreach ( array_merge( $shown, array( 'action' => self::SAVE, 'term' => (string) $term->term_id ) ) as $field => $value ) { // phpcs:ignore
			printf( '<input type="hidden" name="%s" value="%s">', esc_attr( $field ), esc_attr( $value ) );
		}
		wp_nonce_field( self::SAVE, '_wpnonce', false );
		/* translators: %s: the name of a term */
		$field = sprintf( __( 'The tag for %s', 'article-tagger' ), $name );
		printf( '<input type="text" name="tag" list="article-tagger-tags" autocomplete="off" aria-label="%s" placeholder="%s"> ', esc_attr( $field ), esc_attr__( 'Name of a tag', 'article-tagger' ) );
		$this->show_button( 'do', 'map', __( 'Set', 'article-tagger' ), $name );
		foreach ( array_filter( (array) ( $row['nearest'] ?? array() ), 'is_array' ) as $near ) {
			$this->show_button( 'near', (string) ( $near['tag'] ?? '' ), (string) ( $near['label'] ?? '' ), $name );
		}
		if ( 'ignore' !== ( $row['by'] ?? '' ) ) {
			$this->show_button( 'do', 'ignore', __( 'Ignore', 'article-tagger' ), $name );
		}
		if ( in_array( $row['by'] ?? '', array( 'person', 'ignore' ), true ) ) {
			$this->show_button( 'do', 'forget', __( 'Match by name again', 'article-tagger' ), $name );
		}
		echo '</form></td></tr>';
	}

	/**
	 * Show a button.
	 *
	 * @param string $name  What it says.
	 * @param string $value With which value.
	 * @param string $text  What it is called.
	 * @param string $term  The name of the term.
	 */
	private function show_button( string $name, string $value, string $text, string $term ): void {
		printf( '<button class="button" name="%s" value="%s" aria-label="%s">%s</button> ', esc_attr( $name ), esc_attr( $value ), esc_attr( "$text: $term" ), esc_html( $text ) );
	}

	/**
	 * Show the way to the next page.
	 *
	 * @param string   $cursor Where it begins; empty if there is none.
	 * @param string[] $shown  What is shown.
	 */
	private function show_next( string $cursor, array $shown ): void {
		if ( '' !== $cursor ) {
			printf( '<p><a class="button" href="%s">%s</a></p>', esc_url( self::url( array_merge( $shown, array( 'after' => $cursor ) ) ) ), esc_html__( 'Next page', 'article-tagger' ) );
		}
	}

	/**
	 * Return the label of a tag.
	 *
	 * @param string $tag The id of the tag.
	 */
	private function label( string $tag ): string {
		return $this->tags->find( $tag )['label'] ?? $tag;
	}

	/**
	 * Return why a term stands for no tag.
	 *
	 * @param string $by What the service says.
	 */
	private function why_none( string $by ): string {
		return match ( $by ) {
			'ignore'    => __( 'Ignored', 'article-tagger' ),
			'ambiguous' => __( 'Several tags are called so', 'article-tagger' ),
			'retired'   => __( 'The tag is retired', 'article-tagger' ),
			default     => __( 'None is called so', 'article-tagger' ),
		};
	}
}
