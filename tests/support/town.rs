//! Four enterprises and what agencies say of them: a bit of everything that the
//! small world's sources can say.

use super::World;
use super::codes::{code, old_number};

/// The name of enterprise 3, by which people complain.
pub const NAME_3: &str = "丙养老服务有限公司";

/// A registration row.
pub fn registration(number: u32, name: &str, person: &str, capital: &str, old: &str) -> String {
    format!(
        "{},{name},{person},{capital},{old},2024-05-01\n",
        code(number)
    )
}

/// The town before anything is corrected.
pub fn town() -> World {
    let world = World::new();
    register(&world);
    world.deliver(
        "msa/penalty/2025",
        &format!(
            "P1,{},,10000,2025-03-01,\nP2,{},,20000,2025-05-01,\nP3,,{NAME_3},3000,2025-04-01,\n",
            code(1),
            old_number(2)
        ),
    );
    world.deliver(
        "12345/ticket/2025",
        &format!("T1,{NAME_3},承诺保本返利,2025-06-01,\nT2,{NAME_3},到期不兑付,2025-06-20,\n"),
    );
    world.deliver(
        "cyberspace/opinion/2025",
        &format!("{NAME_3},负面,1200,2025-06-10\n丁贸易有限公司,负面,90000,2025-05-10\n"),
    );
    money(&world);
    world.deliver(
        "finance-office/licence/2025-05",
        &format!("X1,{},有效\nX2,{},吊销\n", code(1), code(4)),
    );
    world.deliver(
        "hrss/insured/2025",
        &format!("{},2025-05,12,2025-05-31,\n", code(1)),
    );
    world
}

fn register(world: &World) {
    let rows = [
        registration(1, "甲投资有限公司", "张三", "1000万", &old_number(1)),
        registration(2, "乙咨询有限公司", "张三", "500万", &old_number(2)),
        registration(3, NAME_3, "李四", "100万", ""),
        registration(4, "丁贸易有限公司", "王五", "50万", ""),
    ];
    world.deliver("msa/registration/2025", &rows.concat());
}

/// Account A1 is enterprise 1's; B1 is the person's who represents 1 and 2.
fn money(world: &World) {
    world.deliver("pbc/account/2025", &format!("A1,{}\n", code(1)));
    world.deliver("pbc/personal_account/2025", "B1,张三\n");
    world.deliver(
        "pbc/lead/2025",
        "L1,A1,0.8,2025-06-01,\nL2,B1,0.6,2025-06-02,\n",
    );
}
