//! Names for the collections and arrangements of this dataflow.

use differential_dataflow::ExchangeData;
use differential_dataflow::VecCollection;
use differential_dataflow::batcher::merge::MergeBatcher;
use differential_dataflow::batcher::merge::vec::VecMerger;
use differential_dataflow::operators::arrange::{Arranged, TraceAgent};
use differential_dataflow::trace::implementations::ord_neu::{
    OrdKeyBatch, OrdKeyBuilder, OrdValBatch, OrdValBuilder,
};
use differential_dataflow::trace::implementations::spine_fueled::Spine;
use differential_dataflow::trace::implementations::{ContainerChunker, OffsetList};
use std::rc::Rc;

use tocsin_ingest::fact::SubjectKey;

use crate::column::Column;
use crate::latest::{Version, Versions};
use crate::packed::PackedTallies;
use crate::tally::Tally;

/// An instant of arrival: milliseconds UTC.
pub(crate) type Time = u64;

/// Counts and sums by subject.
pub(crate) type Tallies<'scope> = VecCollection<'scope, Time, SubjectKey, Tally>;

/// How tallies by subject are laid out: keys, no values, times, differences.
type TallyLayout = (
    Vec<SubjectKey>,
    Vec<()>,
    Column<Time>,
    PackedTallies,
    OffsetList,
);

/// An interval of tallies by subject.
pub(crate) type TallyBatch = Rc<OrdKeyBatch<TallyLayout>>;

/// A trace of tallies by subject.
pub(crate) type TallyTrace = TraceAgent<Spine<TallyBatch>>;

type TallyRows = Vec<((SubjectKey, ()), Time, Tally)>;

type TallyBatcher = MergeBatcher<
    ContainerChunker<TallyRows>,
    VecMerger<(SubjectKey, ()), Time, Tally>,
    OrdKeyBuilder<TallyLayout, TallyRows>,
>;

/// Tallies arranged by subject.
pub(crate) type ArrangedTallies<'scope> = Arranged<'scope, TallyTrace>;

/// How tallies by alias and day are laid out.
type NamedLayout = (
    Vec<SubjectKey>,
    Vec<u16>,
    Column<Time>,
    PackedTallies,
    OffsetList,
);

/// An interval of tallies by alias and day.
pub(crate) type NamedBatch = Rc<OrdValBatch<NamedLayout>>;

/// A trace of tallies by alias and day.
pub(crate) type NamedTrace = TraceAgent<Spine<NamedBatch>>;

type NamedRows = Vec<((SubjectKey, u16), Time, Tally)>;

type NamedBatcher = MergeBatcher<
    ContainerChunker<NamedRows>,
    VecMerger<(SubjectKey, u16), Time, Tally>,
    OrdValBuilder<NamedLayout, NamedRows>,
>;

/// Tallies of aliases and the days on which they are used, arranged by alias.
pub(crate) type ArrangedNamed<'scope> = Arranged<'scope, NamedTrace>;

/// What is said of subjects, counted.
pub(crate) type Said<'scope, V> = VecCollection<'scope, Time, (SubjectKey, V), isize>;

/// How values by subject are laid out: keys, values in a column of some kind,
/// times, counts.
type HeldLayout<C> = (Vec<SubjectKey>, C, Column<Time>, Column<isize>, OffsetList);

/// An interval of values by subject, in a column of some kind.
pub(crate) type HeldBatch<C> = Rc<OrdValBatch<HeldLayout<C>>>;

/// A trace of values by subject, in a column of some kind.
pub(crate) type HeldTrace<C> = TraceAgent<Spine<HeldBatch<C>>>;

type SaidRows<V> = Vec<((SubjectKey, V), Time, isize)>;

type HeldBatcher<C, V> = MergeBatcher<
    ContainerChunker<SaidRows<V>>,
    VecMerger<(SubjectKey, V), Time, isize>,
    OrdValBuilder<HeldLayout<C>, SaidRows<V>>,
>;

/// Values arranged by subject, in a column of some kind.
pub(crate) type ArrangedHeld<'scope, C> = Arranged<'scope, HeldTrace<C>>;

/// An interval of values by subject.
pub(crate) type SaidBatch<V> = HeldBatch<Vec<V>>;

/// A trace of values by subject.
pub(crate) type SaidTrace<V> = HeldTrace<Vec<V>>;

/// Values arranged by subject.
pub(crate) type ArrangedSaid<'scope, V> = ArrangedHeld<'scope, Vec<V>>;

/// Profiles arranged by enterprise.
pub(crate) type ArrangedProfiles<'scope> = ArrangedHeld<'scope, Versions>;

/// Arranges tallies by subject under a name.
pub(crate) fn arrange<'scope>(tallies: Tallies<'scope>, name: &str) -> ArrangedTallies<'scope> {
    let keyed = tallies.map(|subject| (subject, ()));
    keyed.arrange_named::<TallyBatcher, Spine<TallyBatch>>(name, TallyBatcher::new)
}

/// Arranges values by subject under a name, as every arrangement of them is:
/// one time and one count are held once.
pub(crate) fn arrange_said<'scope, V: ExchangeData>(
    said: Said<'scope, V>,
    name: &str,
) -> ArrangedSaid<'scope, V> {
    said.arrange_named::<HeldBatcher<Vec<V>, V>, Spine<SaidBatch<V>>>(name, HeldBatcher::new)
}

/// Arranges profiles by enterprise under a name.
pub(crate) fn arrange_profiles<'scope>(
    profiles: Said<'scope, Version>,
    name: &str,
) -> ArrangedProfiles<'scope> {
    type Batcher = HeldBatcher<Versions, Version>;
    profiles.arrange_named::<Batcher, Spine<HeldBatch<Versions>>>(name, Batcher::new)
}

/// Arranges tallies by alias and day under a name.
pub(crate) fn arrange_named<'scope>(
    tallies: VecCollection<'scope, Time, (SubjectKey, u16), Tally>,
    name: &str,
) -> ArrangedNamed<'scope> {
    tallies.arrange_named::<NamedBatcher, Spine<NamedBatch>>(name, NamedBatcher::new)
}
