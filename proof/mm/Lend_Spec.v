(** * Lent pages (kcore/mm/page.c, lend.c): what the functions do

    A lent page stays KServ's; KCore counts the leaves that name it.  Here the count has a reason: the list
    [L p] has an entry for every leaf, so a page stops being LENT only when no leaf and no TLB entry of a
    VM names it. *)
From Coq Require Import ZArith List String Bool Lia.
From Redoubt.sem Require Import Sem Link Wp Bits Memory.
From Redoubt.machine Require Import State Events.
From Redoubt.mm Require Import Desc_Spec Invariant Structure Page_Spec.
Import ListNotations.
Open Scope string_scope.
Open Scope Z_scope.

(** ** Lists of lenders *)
Definition same (x y : Z * Z) : bool := (fst x =? fst y) && (snd x =? snd y).
Fixpoint without (x : Z * Z) (l : list (Z * Z)) : list (Z * Z) :=
  match l with
  | [] => []
  | y :: r => if same x y then r else y :: without x r
  end.
Definition lent_to (x : Z * Z) (p : Z) (L : Z -> list (Z * Z)) : Z -> list (Z * Z) :=
  fun q => if q =? p then x :: L q else L q.
Definition unlent_to (x : Z * Z) (p : Z) (L : Z -> list (Z * Z)) : Z -> list (Z * Z) :=
  fun q => if q =? p then without x (L q) else L q.

Section Specs.
  Variables (B : board) (cpu : Z) (LI : world -> Prop).
  Notation WP := (wp (kcore B cpu LI)).

  (** Only the count of page [p] changes. *)
  Record recounts (p : Z) (w w' : world) : Prop := {
    rc_evolves : evolves B ["n_kind"] (eq p) w w';
    rc_ram : w_ram w' = w_ram w;
    rc_walk : w_walk w' = w_walk w;
    rc_tlb : w_tlb w' = w_tlb w }.

  (** [x] has the page lent, once more; the caller counts. *)
  Definition spec_page_lend (d : den) : Prop := forall p x fz L w, sec B fz L w -> free_page B 1 w p ->
    WP (d [p]) (fun r w' => (exists v, r = Some v /\ in_ty U64 v) /\ sec B fz (lent_to x p L) w' /\
      recounts p w w' /\ kind (state w' p) = PG_LENT) w.

  (** [x] has it lent no more: its leaf names the page no more. *)
  Definition unnamed (w : world) (x : Z * Z) (p : Z) : Prop := ~ names w (fst x) (snd x) 2 p.
  Definition spec_page_unlend (d : den) : Prop := forall p x fz L w, sec B fz L w -> is_ram B p ->
    In x (L p) -> unnamed w x p ->
    WP (d [p]) (fun r w' => r = None /\ sec B fz (unlent_to x p L) w' /\ recounts p w w' /\
      (kind (state w' p) = PG_LENT \/ kind (state w' p) = PG_HOST)) w.
End Specs.
