//! The reference store passes the suite that all stores pass.

use es_core::MemoryStore;

es_core::conformance!(async { (MemoryStore::new(), ()) });

mod renames {
    use es_core::MemoryStore;

    es_core::conformance!(@cases async { (MemoryStore::new(), ()) };
        a_stream_is_found_by_every_name_of_its_category,
        a_stream_exists_once_under_all_names,
        a_category_may_be_renamed_again_and_again,
        two_categories_do_not_become_one,
        of_programs_with_different_names_one_makes_the_stream,
    );
}
