//! Ids: one type for each table, so that a person's id cannot be given where a case's is wanted.

/// Declare id types over `i64`: `Copy`, ordered, printable, parseable, serialisable, bindable, readable.
///
/// ```
/// store::id_type! {
///     /// A home visit.
///     VisitId,
/// }
/// let visit = VisitId(7);
/// assert_eq!(visit.to_string().parse::<VisitId>(), Ok(visit));
/// ```
#[macro_export]
macro_rules! id_type {
    ($($(#[$attribute:meta])* $name:ident),* $(,)?) => {$(
        $(#[$attribute])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, $crate::serde::Serialize, $crate::serde::Deserialize)]
        #[serde(crate = "::store::serde", transparent)]
        pub struct $name(pub i64);

        impl ::std::fmt::Display for $name {
            fn fmt(&self, formatter: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                ::std::fmt::Display::fmt(&self.0, formatter)
            }
        }
        impl ::std::str::FromStr for $name {
            type Err = ::std::num::ParseIntError;
            fn from_str(text: &str) -> ::std::result::Result<Self, Self::Err> {
                text.parse().map($name)
            }
        }
        impl ::std::convert::From<i64> for $name {
            fn from(number: i64) -> Self {
                $name(number)
            }
        }
        impl ::std::convert::From<$name> for i64 {
            fn from(id: $name) -> i64 {
                id.0
            }
        }
        impl ::std::convert::From<$name> for $crate::Value {
            fn from(id: $name) -> $crate::Value {
                $crate::Value::BigInt(::std::option::Option::Some(id.0))
            }
        }
        impl $crate::Bind for $name {
            fn to_value(this: ::std::option::Option<Self>) -> $crate::Value {
                $crate::Value::BigInt(this.map(|id| id.0))
            }
        }
        impl $crate::Column for $name {
            fn read(
                row: &$crate::Row,
                column: &str,
            ) -> ::std::result::Result<::std::option::Option<Self>, $crate::StoreError> {
                ::std::result::Result::Ok(<i64 as $crate::Column>::read(row, column)?.map($name))
            }
        }
    )*};
}

id_type! {
    /// A division (区划): province, city, county, township or village.
    DivisionId,
    /// A person (自然人).
    PersonId,
    /// A household (家庭).
    HouseholdId,
    /// A case (办件).
    CaseId,
    /// A member of staff (工作人员).
    StaffId,
    /// An organisation (机构、单位).
    OrganisationId,
    /// A job of the queue.
    JobId,
    /// A row of the audit log.
    AuditId,
}
