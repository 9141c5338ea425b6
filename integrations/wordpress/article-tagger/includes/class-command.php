<?php
/**
 * The commands of WP-CLI.
 *
 * @package Article_Tagger
 */

namespace Article_Tagger;

use WP_CLI;
use WP_CLI\Utils;

defined( 'ABSPATH' ) || exit;

/**
 * Has tags suggested for whole archives, matches terms with tags, and sets the tags of archive runs.
 */
class Command {

	const IMPORT = 'article_tagger_import_'; // An option for each file that is not imported to its end: how many lines are.

	/**
	 * Keep the parts.
	 *
	 * @param Settings       $settings  The settings.
	 * @param Client         $client    The service.
	 * @param Tags           $tags      The tags of the service.
	 * @param Outbox         $outbox    What waits.
	 * @param Health         $health    The connection.
	 * @param Map_Page       $map       What is said of terms.
	 * @param Feed           $feed      What was changed of tags.
	 * @param Archive        $archive   What archive runs added.
	 * @param Additions      $additions What is done to posts.
	 * @param Additions_File $file      The reader of files.
	 */
	public function __construct(
		private Settings $settings,
		private Client $client,
		private Tags $tags,
		private Outbox $outbox,
		private Health $health,
		private Map_Page $map,
		private Feed $feed,
		private Archive $archive,
		private Additions $additions,
		private Additions_File $file
	) {}

	/**
	 * Has tags suggested for posts that are there already.
	 *
	 * ## OPTIONS
	 *
	 * [<post>...]
	 * : The numbers of posts. Without any, all posts that are sent are meant.
	 *
	 * [--unanswered]
	 * : Only posts to which the service has never answered.
	 *
	 * [--wait]
	 * : Send them now, and wait for the answers.
	 *
	 * [--dry-run]
	 * : Only say for how many posts.
	 *
	 * @param string[] $args  The numbers of posts.
	 * @param array    $flags The options.
	 */
	public function suggest( array $args, array $flags ): void {
		$ids = $this->posts( array_map( 'intval', $args ), (bool) Utils\get_flag_value( $flags, 'unanswered', false ) );
		if ( Utils\get_flag_value( $flags, 'dry-run', false ) ) {
			/* translators: %s: a number of posts */
			WP_CLI::success( sprintf( __( 'Posts for which tags would be suggested: %s. Nothing was changed.', 'article-tagger' ), count( $ids ) ) );
			return;
		}
		if ( ! $this->settings->may_send() ) {
			WP_CLI::error( $this->health->lines()[0][1] );
		}
		$bar = Utils\make_progress_bar( __( 'Marking posts', 'article-tagger' ), count( $ids ) );
		foreach ( $ids as $n => $post_id ) {
			$this->outbox->mark( $post_id, true );
			$bar->tick();
			$this->forget( $n );
		}
		$bar->finish();
		if ( Utils\get_flag_value( $flags, 'wait', false ) ) {
			$this->send( count( $ids ) );
		}
		/* translators: 1: a number of posts, 2: how many of them wait to be sent */
		WP_CLI::success( sprintf( __( 'Posts for which tags are suggested: %1$s. Waiting to be sent: %2$s.', 'article-tagger' ), count( $ids ), $this->outbox->counts()[0] ) );
	}

	/**
	 * Lists which term stands for which tag, or says it of a term.
	 *
	 * ## OPTIONS
	 *
	 * [<term>]
	 * : The number of a term of which something is said. Without it terms are listed.
	 *
	 * [--tag=<tag>]
	 * : It stands for this tag: a label, an id or another name.
	 *
	 * [--ignore]
	 * : It stands for no tag.
	 *
	 * [--forget]
	 * : It is matched by its name again.
	 *
	 * [--dry-run]
	 * : Only say what it stands for now.
	 *
	 * [--state=<state>]
	 * : Which terms are listed: unknown, known, ignored or all.
	 * ---
	 * default: unknown
	 * ---
	 *
	 * [--words=<words>]
	 * : Only terms with this in their names.
	 *
	 * [--format=<format>]
	 * : table, csv, json or yaml.
	 * ---
	 * default: table
	 * ---
	 *
	 * @param string[] $args  The number of a term.
	 * @param array    $flags The options.
	 */
	public function map( array $args, array $flags ): void {
		if ( $args ) {
			$this->match( (int) $args[0], $flags );
			return;
		}
		$query = array(
			'state'  => (string) Utils\get_flag_value( $flags, 'state', 'unknown' ),
			'words'  => (string) Utils\get_flag_value( $flags, 'words', '' ),
			'prefix' => $this->settings->term_prefix(),
			'limit'  => 500,
			'after'  => '',
		);
		$rows  = array();
		do {
			$reply = $this->client->request( 'GET', '/v1/terms?' . http_build_query( array_filter( $query ) ) );
			if ( ! $reply->ok() ) {
				WP_CLI::error( $reply->problem() );
			}
			foreach ( (array) ( $reply->body['terms'] ?? array() ) as $row ) {
				$term = get_term( $this->settings->term_number( (string) $row['id'] ) );
				if ( $term instanceof \WP_Term ) {
					$rows[] = array(
						'term'     => $term->term_id,
						'name'     => html_entity_decode( $term->name, ENT_QUOTES | ENT_HTML5, 'UTF-8' ),
						'taxonomy' => $term->taxonomy,
						'posts'    => $term->count,
						'tag'      => implode( ', ', (array) $row['tags'] ),
						'by'       => $row['by'],
						'like'     => implode( ', ', array_column( (array) $row['nearest'], 'tag' ) ),
					);
				}
			}
			$query['after'] = (string) ( $reply->body['cursor'] ?? '' );
		} while ( '' !== $query['after'] );
		Utils\format_items( (string) Utils\get_flag_value( $flags, 'format', 'table' ), $rows, array( 'term', 'name', 'taxonomy', 'posts', 'tag', 'by', 'like' ) );
	}

	/**
	 * Says how the connection is, what waits, and how far changes and archive runs are carried out.
	 *
	 * ## OPTIONS
	 *
	 * [--format=<format>]
	 * : table, csv, json or yaml.
	 * ---
	 * default: table
	 * ---
	 *
	 * @param string[] $args  Nothing.
	 * @param array    $flags The options.
	 */
	public function status( array $args, array $flags ): void {
		unset( $args );
		$lines   = array_map( fn( array $line ) => array( 'level' => $line[0], 'text' => $line[1] ), $this->health->lines() ); // phpcs:ignore
		$feed    = $this->feed->state();
		$archive = $this->archive->state();
		/* translators: 1: the number of a change, 2: a number of posts, 3: another one */
		$lines[] = array( 'level' => 'info', 'text' => sprintf( __( 'Changes of the tags: carried out up to %1$s, posts that got another term: %2$s, that could not: %3$s.', 'article-tagger' ), $feed['n'] ?? 0, $feed['moved'], $feed['failed'] ) ); // phpcs:ignore
		/* translators: 1: a place, 2, 3, 4 and 5: numbers of tags */
		$lines[] = array( 'level' => 'info', 'text' => sprintf( __( 'Archive runs: read up to %1$s, tags set: %2$s, taken off: %3$s, only suggested: %4$s, that could not be set: %5$s.', 'article-tagger' ), $archive['n'], $archive['added'], $archive['taken_off'], $archive['offered'], $archive['failed'] ) ); // phpcs:ignore
		Utils\format_items( (string) Utils\get_flag_value( $flags, 'format', 'table' ), $lines, array( 'level', 'text' ) );
		if ( in_array( Health::BAD, array_column( $lines, 'level' ), true ) ) {
			WP_CLI::halt( 1 );
		}
	}

	/**
	 * Sets the tags that an archive run wrote to a file, or takes them off again.
	 *
	 * Takes what `archive run --output` and `export assignments` write, packed with gzip or not. They stay marked until an editor
	 * keeps or rejects them. What was stopped goes on where it was when it is called again.
	 *
	 * ## OPTIONS
	 *
	 * <file>
	 * : The file.
	 *
	 * [--undo]
	 * : Take the tags of the file off, unless an editor has confirmed one or had set it before.
	 *
	 * [--dry-run]
	 * : Only say what would be done.
	 *
	 * @subcommand import-assignments
	 *
	 * @param string[] $args  The file.
	 * @param array    $flags The options.
	 */
	public function import_assignments( array $args, array $flags ): void {
		$file   = (string) ( $args[0] ?? '' );
		$undone = (bool) Utils\get_flag_value( $flags, 'undo', false );
		$is_dry = (bool) Utils\get_flag_value( $flags, 'dry-run', false );
		if ( ! is_file( $file ) || ! is_readable( $file ) ) {
			/* translators: %s: the name of a file */
			WP_CLI::error( sprintf( __( 'Cannot read %s.', 'article-tagger' ), $file ) );
		}
		if ( ! $this->tags->first( 1 ) ) {
			WP_CLI::error( __( 'The article tagger does not say which tags there are. See: wp article-tagger status', 'article-tagger' ) );
		}
		$place   = self::IMPORT . md5( implode( '|', array( realpath( $file ), filesize( $file ), filemtime( $file ), (int) $undone ) ) );
		$done    = $is_dry ? 0 : (int) get_option( $place, 0 );
		$numbers = array();
		$batch   = array();
		$bar     = Utils\make_progress_bar( $undone ? __( 'Taking tags off', 'article-tagger' ) : __( 'Setting tags', 'article-tagger' ), iterator_count( $this->file->lines( $file ) ) );
		foreach ( $this->file->lines( $file ) as $n => $line ) {
			$bar->tick();
			if ( $n <= $done ) {
				continue;
			}
			$batch = array_merge( $batch, $this->rows( $file, $n, $line, $undone, $numbers ) );
			if ( count( $batch ) >= Additions::BATCH ) {
				$this->carry_out( $batch, $is_dry, $numbers );
				$batch = array();
				if ( ! $is_dry ) {
					update_option( $place, $n, false );
				}
			}
		}
		$this->carry_out( $batch, $is_dry, $numbers );
		$bar->finish();
		delete_option( $place );
		$this->report( $numbers, $undone, $is_dry );
	}

	// --- their parts ---

	/**
	 * Return the posts for which tags are to be suggested.
	 *
	 * @param int[] $ids           The posts, or none for all.
	 * @param bool  $is_unanswered Whether only those without an answer.
	 * @return int[]
	 */
	private function posts( array $ids, bool $is_unanswered ): array {
		$query = array(
			'post_type'        => (array) $this->settings->get( 'post_types' ),
			'post_status'      => array( 'publish', 'future', 'draft', 'pending', 'private' ),
			'has_password'     => false,
			'numberposts'      => -1,
			'fields'           => 'ids',
			'orderby'          => 'ID',
			'order'            => 'DESC',
			'suppress_filters' => true,
		);
		if ( $ids ) {
			$query['post__in'] = $ids;
		}
		if ( $is_unanswered ) {
			$query['meta_query'] = array( array( 'key' => Answers::ANSWER, 'compare' => 'NOT EXISTS' ) ); // phpcs:ignore
		}
		return array_map( 'intval', get_posts( $query ) );
	}

	/**
	 * Send what waits, and say how far it is.
	 *
	 * @param int $n How many posts were marked.
	 */
	private function send( int $n ): void {
		$bar  = Utils\make_progress_bar( __( 'Waiting for answers', 'article-tagger' ), $n );
		$left = $this->outbox->counts()[0];
		while ( $left > 0 ) {
			do_action( Sender::SWEEP );
			$this->forget( 0 );
			$now = $this->outbox->counts()[0];
			$bar->tick( max( 0, $left - $now ) );
			if ( $now >= $left ) {
				WP_CLI::warning( $this->outbox->is_paused() ? $this->outbox->pause()['problem'] : __( 'The rest is sent in the background.', 'article-tagger' ) );
				break;
			}
			$left = $now;
		}
		$bar->finish();
	}

	/**
	 * Say which tag a term stands for.
	 *
	 * @param int   $term_id The term.
	 * @param array $flags   The options.
	 */
	private function match( int $term_id, array $flags ): void {
		$term = get_term( $term_id );
		if ( ! $term instanceof \WP_Term ) {
			WP_CLI::error( __( 'There is no such term any more.', 'article-tagger' ) );
		}
		$tag  = (string) Utils\get_flag_value( $flags, 'tag', '' );
		$does = array_filter( array( 'map' => '' !== $tag, 'ignore' => isset( $flags['ignore'] ), 'forget' => isset( $flags['forget'] ) ) ); // phpcs:ignore
		if ( 1 !== count( $does ) ) {
			WP_CLI::error( __( 'Say one of --tag=<tag>, --ignore and --forget.', 'article-tagger' ) );
		}
		if ( Utils\get_flag_value( $flags, 'dry-run', false ) ) {
			$now = (string) get_term_meta( $term_id, Terms::TAG, true );
			/* translators: 1: the name of a term, 2: the id of a tag, or - */
			WP_CLI::success( sprintf( __( '%1$s stands for: %2$s. Nothing was changed.', 'article-tagger' ), $term->name, '' === $now ? '-' : $now ) );
			return;
		}
		$problem = $this->map->change( $term, array( 'do' => (string) key( $does ), 'tag' => $tag ) ); // phpcs:ignore
		if ( '' !== $problem ) {
			WP_CLI::error( $problem );
		}
		/* translators: %s: the name of a term */
		WP_CLI::success( sprintf( __( 'Saved: %s. Its posts are sent again in the background.', 'article-tagger' ), $term->name ) );
	}

	/**
	 * Return the additions of a line, and end the command if it is none.
	 *
	 * @param string $file    The file.
	 * @param int    $n       The number of the line.
	 * @param string $line    The line.
	 * @param bool   $undone  Whether they are taken back.
	 * @param int[]  $numbers What became of others.
	 * @return array[]
	 */
	private function rows( string $file, int $n, string $line, bool $undone, array &$numbers ): array {
		$rows = $this->file->rows( basename( $file ), $line, $undone, $numbers );
		if ( null === $rows ) {
			/* translators: 1: the name of a file, 2: the number of a line */
			WP_CLI::error( sprintf( __( '%1$s, line %2$s, does not come from an archive run. What was done so far stays.', 'article-tagger' ), $file, $n ) );
		}
		return $rows;
	}

	/**
	 * Carry out a batch and add up what became of it.
	 *
	 * @param array[] $batch   The batch.
	 * @param bool    $is_dry  Whether to do nothing.
	 * @param int[]   $numbers What became of others.
	 */
	private function carry_out( array $batch, bool $is_dry, array &$numbers ): void {
		foreach ( $batch ? $this->additions->carry_out( $batch, $is_dry ) : array() as $became ) {
			foreach ( $became as $what => $n ) {
				$numbers[ $what ] = $n + ( $numbers[ $what ] ?? 0 );
			}
		}
		$this->forget( 0 );
	}

	/**
	 * Say what became of the lines of a file.
	 *
	 * @param int[] $numbers What became of them.
	 * @param bool  $undone  Whether they were taken back.
	 * @param bool  $is_dry  Whether nothing was done.
	 */
	private function report( array $numbers, bool $undone, bool $is_dry ): void {
		foreach ( $this->file->texts( $undone ) as $what => $text ) {
			if ( ! empty( $numbers[ $what ] ) ) {
				WP_CLI::log( sprintf( '%7d  %s', $numbers[ $what ], $text ) );
			}
		}
		WP_CLI::success( $is_dry ? __( 'Nothing was changed.', 'article-tagger' ) : __( 'Done.', 'article-tagger' ) );
	}

	/**
	 * Keep the memory small: every hundred posts forget what WordPress has read.
	 *
	 * @param int $n How many posts came before.
	 */
	private function forget( int $n ): void {
		if ( 0 === $n % Additions::BATCH ) {
			wp_cache_flush_runtime();
		}
	}
}
