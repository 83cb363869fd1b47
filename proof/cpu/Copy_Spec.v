(** * The content that a VM discloses (kcore/mm/guest.c, guest_copy_out): what the functions do

    A copy into a page of KServ's: KServ and the VMs that it is lent to reach it, before and after. *)
From Coq Require Import ZArith List String Bool Lia.
From Redoubt.sem Require Import Sem Link Wp Bits Memory.
From Redoubt.machine Require Import State Cpu Events Exposed.
From Redoubt.mm Require Import Desc_Spec Invariant Structure Page_Spec Vm_Spec Load_Spec Guest_Spec.
From Redoubt.cpu Require Import Word_Spec Reg_Spec Ctx_Spec Trap_Spec Left_Kept.
Import ListNotations.
Open Scope string_scope.
Open Scope Z_scope.

Section Specs.
  Variables (B : board) (cpu : Z).
  Notation WP := (wp (kcore_all B cpu (mem_inv B))).

  Definition spec_page_copy (d : den) : Prop := forall a b w, 0 <= cpu -> cs B w -> is_ram B a -> is_ram B b -> discloses cpu w a b ->
    WP (d [a; b]) (fun r w' => r = None /\ exists w0, meddling cpu w w0 /\ cs B w0 /\ w' = copy_page B a b w0) w.

  (** This CPU serves the call by which vCPU [i] of [h] asks for the page [fn] to be shared. *)
  Record sharing (w : world) (h i fn : Z) : Prop := {
    sh_cpu : 0 <= cpu < 8;
    sh_h : 1 <= h <= 255;
    sh_token : token w h i = cpu + 1;
    sh_on : vcpu_on w h i;
    sh_protected : protected w h;
    sh_ctx : wrap U64 (w_mem w (obj "pcpu.cur_ctx" [cpu])) = vcpu_ctx w h i;
    sh_class : class cpu w = HVC \/ class cpu w = SMC;
    sh_call : call cpu w = MEM_SHARE;
    sh_page : x_reg cpu w 1 / 4096 = fn }.

  (** The content of the private page at [fn] is in [dst], a page of KServ's; no page's state has changed.  Or nothing has. *)
  Definition copied (h fn dst v : Z) (w1 w2 : world) : Prop := live w1 h /\
    (v <> KC_OK /\ w2 = w1 \/
     v = KC_OK /\ exists p w0, state w1 p = mk_state PG_VM h fn /\ free_page B 1 w1 dst /\ interference w1 w0 /\
       w2 = copy_page B dst p w0).
  Definition spec_copy_out_locked (d : den) : Prop := forall L h i fn dst w, sec B unfrozen L w -> live w h -> sharing w h i fn ->
    frame fn -> in_ty U64 dst ->
    WP (d [h; fn; dst]) (fun r w' => exists v, r = Some v /\ in_ty U64 v /\ sec B unfrozen L w' /\ left_alone cpu w w' /\
      copied h fn dst v w w') w.
  Definition spec_guest_copy_out (d : den) : Prop := forall h i dst w, serves cpu w h i -> protected w h -> called cpu w ->
    call cpu w = MEM_SHARE -> in_ty U64 dst -> idle B w -> let fn := x_reg cpu w 1 / 4096 in
    WP (d [h; fn; dst]) (fun r w' => left_alone cpu w w' /\ (2 ^ 28 <= fn /\ r = Some KC_ENOENT /\ w' = w \/
      section B (copied h fn dst) r w')) w.
End Specs.
